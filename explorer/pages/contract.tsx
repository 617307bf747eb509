import type { AbiFunction } from "viem";
import { toFunctionSelector } from "viem/utils";
import { type AbiItem, decodeAll, signatureOf } from "../chain/decode.ts";
import type { Federation } from "../chain/federation.ts";
import { download, jsonText } from "../format/export.ts";
import { linkTo, withQuery } from "../state/route.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Values } from "../ui/decoded.tsx";
import { Await, Card, Facts, Notice, Title } from "../ui/layout.tsx";
import { Address, Block, Copy, Tx } from "../ui/values.tsx";

interface Source {
  readonly main: string;
  readonly compiler: string;
  readonly settings: unknown;
  readonly sources: Readonly<Record<string, string>>;
}

/** One contract: where it came from, what it says now, its ABI and sources. */
export function ContractPage() {
  const { route, federation } = useApp();
  const name = route.key;
  const address = federation.addresses[name];
  const abi = federation.abis[name];
  if (!address || !abi)
    return (
      <Notice>
        The federation has no contract “{name}”; see <a href="#/contracts">all contracts</a>.
      </Notice>
    );
  const deployed = federation.deployments[name];
  return (
    <>
      <Title
        side={
          <a class="button" href={linkTo("events", undefined, { contract: name })}>
            its events
          </a>
        }
      >
        {name}
      </Title>
      <Card>
        <Facts
          rows={[
            ["address", <Address key="a" value={address} full />],
            deployed ? ["deployed in", <Tx key="t" hash={deployed.transaction} full />] : null,
            deployed ? ["block", <Block key="b" number={deployed.block} />] : null,
            deployed
              ? [
                  "constructor arguments",
                  <pre key="c" class="raw">
                    {jsonText(deployed.arguments).trim()}
                  </pre>,
                ]
              : null,
          ]}
        />
      </Card>
      <Getters name={name} abi={abi} />
      <Card
        title="ABI"
        side={
          <>
            <Copy text={JSON.stringify(abi)} what="ABI" />{" "}
            <button
              type="button"
              class="button"
              onClick={() => download(`${name}.abi.json`, "application/json", jsonText(abi))}
            >
              JSON
            </button>
          </>
        }
      >
        <AbiList abi={abi} />
      </Card>
      <SourceCard name={name} />
    </>
  );
}

const KINDS = ["function", "event", "error"];

function AbiList({ abi }: { abi: readonly AbiItem[] }) {
  return (
    <div class="abi">
      {KINDS.map((kind) => (
        <details key={kind}>
          <summary>
            {abi.filter(({ type }) => type === kind).length} {kind}s
          </summary>
          <ul>
            {abi
              .filter(({ type }) => type === kind)
              .map((item) => (
                <li key={signatureOf(item)}>
                  <code>{signatureOf(item)}</code>
                </li>
              ))}
          </ul>
        </details>
      ))}
    </div>
  );
}

/** Reading functions without arguments, and what they answer now. */
function Getters({ name, abi }: { name: string; abi: readonly AbiItem[] }) {
  const { federation, state } = useApp();
  const values = useLoad(() => readGetters(federation, name, abi), [name, state.latestBlock]);
  return (
    <Card title="State">
      <Await of={values}>{(known) => <Values values={known} />}</Await>
    </Card>
  );
}

async function readGetters(federation: Federation, contract: string, abi: readonly AbiItem[]) {
  const getters = abi.filter(
    (item): item is AbiFunction =>
      item.type === "function" &&
      item.inputs.length === 0 &&
      /^(view|pure)$/.test((item as AbiFunction).stateMutability),
  );
  const answers = await Promise.all(
    getters.map(async (getter) => {
      const call = { to: federation.addresses[contract], data: toFunctionSelector(signatureOf(getter)) };
      const data = await federation.rpc<`0x${string}`>("eth_call", call, "latest").catch(() => null);
      if (data === null) return [];
      const outputs = decodeAll(getter.outputs, data);
      return outputs.map((output) => ({
        ...output,
        name: outputs.length > 1 ? `${getter.name}.${output.name}` : getter.name,
      }));
    }),
  );
  return answers.flat();
}

function SourceCard({ name }: { name: string }) {
  const { route } = useApp();
  const source = useLoad(async () => {
    const response = await fetch(`source/${name}`);
    if (!response.ok)
      throw new Error("The explorer’s server has no source of this contract: run npm run build.");
    return (await response.json()) as Source;
  }, [name]);
  return (
    <Card title="Source">
      <Await of={source}>
        {({ main, compiler, sources, settings }) => {
          const wanted = route.query.get("file");
          const file = wanted !== null && Object.hasOwn(sources, wanted) ? wanted : main;
          return (
            <>
              <p class="note">
                solc {compiler} · <code>{JSON.stringify(settings)}</code>
              </p>
              <div class="files">
                {Object.keys(sources)
                  .sort()
                  .map((path) => (
                    <a
                      key={path}
                      href={withQuery(route, { file: path })}
                      aria-current={path === file ? "true" : undefined}
                    >
                      {path.replace(/^(project|npm)\//, "")}
                    </a>
                  ))}
              </div>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: text that scrolls must be reachable by keyboard */}
              <pre class="source" tabIndex={0}>
                {sources[file]}
              </pre>
            </>
          );
        }}
      </Await>
    </Card>
  );
}
