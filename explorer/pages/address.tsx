import { useState } from "preact/hooks";
import { getAddress } from "viem/utils";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { findTransactions } from "../chain/blocks.ts";
import type { RawTransaction } from "../chain/types.ts";
import { formatBytes, formatInteger, formatWei } from "../format/text.ts";
import { linkTo } from "../state/route.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Facts, Notice, Title } from "../ui/layout.tsx";
import { TransactionTable } from "../ui/transaction-table.tsx";
import { Hash, Num, PublicLink, Tokens } from "../ui/values.tsx";
import { EventList } from "./events.tsx";

/** One account or contract. */
export function AddressPage() {
  const { route } = useApp();
  if (!/^0x[0-9a-f]{40}$/i.test(route.key))
    return (
      <Notice>
        “{route.key}” is no address: that is 0x and 40 hexadecimal digits. Search with / for labels.
      </Notice>
    );
  return <Account address={getAddress(route.key.toLowerCase())} />;
}

function Account({ address }: { address: Hex }) {
  const { label, federation, view } = useApp();
  const known = label(address);
  const isContract = known?.kind === "contract";
  return (
    <>
      <Title
        note={known ? <span class={`label ${known.kind}`}>{known.name}</span> : null}
        side={
          <>
            {view.miners.has(address.toLowerCase()) ? (
              <a class="button" href={linkTo("miner", address)}>
                miner’s record
              </a>
            ) : null}
            {isContract ? (
              <a class="button" href={linkTo("contract", known.name)}>
                contract
              </a>
            ) : null}
            <PublicLink page="address" value={address} />
          </>
        }
      >
        Address
      </Title>
      <Card>
        <Standing address={address} />
      </Card>
      <Card title="Events that name it">
        <EventList
          filter={
            isContract && federation.addresses[known.name]
              ? { name: null, contract: known.name, round: null, address: null }
              : { name: null, contract: null, round: null, address }
          }
        />
      </Card>
      <Transactions address={address} />
    </>
  );
}

function Standing({ address }: { address: Hex }) {
  const { federation, view, state } = useApp();
  const { rpc } = federation;
  const account = useLoad(async () => {
    const [balance, nonce, code, tokens] = await Promise.all([
      rpc<Hex>("eth_getBalance", address, "latest"),
      rpc<Hex>("eth_getTransactionCount", address, "latest"),
      rpc<Hex>("eth_getCode", address, "latest"),
      federation.call<bigint>("FederationToken", "balanceOf", address).catch(() => null),
    ]);
    return { balance: BigInt(balance), nonce: BigInt(nonce), codeBytes: (code.length - 2) / 2, tokens };
  }, [address, state.latestBlock]);
  const client = view.clients.get(address.toLowerCase());
  return (
    <Await of={account}>
      {({ balance, nonce, codeBytes, tokens }) => (
        <Facts
          rows={[
            ["address", <Hash key="a" value={address} full what="address" />],
            ["kind", codeBytes > 0 ? `contract of ${formatBytes(codeBytes)}` : "account"],
            ["balance", formatWei(balance)],
            tokens === null ? null : ["tokens", <Tokens key="t" units={tokens} exact />],
            ["transactions sent", <Num key="n" value={nonce} />],
            client ? ["claimed as a client", <Tokens key="c" units={client.claimed} exact />] : null,
          ]}
        />
      )}
    </Await>
  );
}

/** Nodes have no index by account: the newest blocks are looked through, and more of them on demand. */
const BLOCKS_AT_ONCE = 100;

function Transactions({ address }: { address: Hex }) {
  const { federation, state } = useApp();
  const [from] = useState(state.latestBlock);
  const [count, setCount] = useState(BLOCKS_AT_ONCE);
  const [found, setFound] = useState<{ rows: readonly RawTransaction[]; done: number }>({
    rows: [],
    done: 0,
  });
  const scan = useLoad(async () => {
    const more = await findTransactions(federation, address, {
      from: from - found.done,
      count: count - found.done,
    });
    setFound({ rows: [...found.rows, ...more], done: count });
    return true;
  }, [count]);
  const down = Math.max(0, from - count + 1);
  return (
    <Card
      title="Transactions"
      side={
        <span class="dim">
          blocks {formatInteger(down)} … {formatInteger(from)}
        </span>
      }
    >
      <Await of={scan}>{() => <TransactionTable rows={found.rows} empty="None in these blocks." />}</Await>
      {down > 0 ? (
        <button
          type="button"
          class="button"
          disabled={scan.loading}
          onClick={() => setCount(count + BLOCKS_AT_ONCE)}
        >
          look through {BLOCKS_AT_ONCE} older blocks
        </button>
      ) : null}
    </Card>
  );
}
