import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { OpenContent } from "../../adapters/explorer/file-lookup.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { Cleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { createVisitorContent } from "../content.ts";
import { type Deployment, deploymentPath, PROJECT_FOLDER, readDeployment } from "../deployment.ts";
import type { Io } from "../io.ts";
import {
  addChainOptions,
  type ChainOptions,
  chainTarget,
  DEFAULT_NETWORK,
  integerBetween,
} from "../options.ts";

const DEFAULT_PORT = 4600;
const HIGHEST_PORT = 65_535;

interface Options extends ChainOptions {
  readonly port: number;
  readonly ipfs?: string;
  readonly labels?: string;
}

/** `quorate explorer`: the web explorer of a federation, until Ctrl-C. */
export function explorerServeCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "serve",
      summary: "serve the web explorer on this machine (the default)",
      addOptions: (command) =>
        addChainOptions(command)
          .option(
            "--port <port>",
            "port on 127.0.0.1, 0 for any",
            integerBetween(0, HIGHEST_PORT),
            DEFAULT_PORT,
          )
          .option(
            "--ipfs <url>",
            "where manifests and models are: a miner's or gateway's URL, or a multiaddr",
          )
          .option("--labels <file>", 'names of addresses, as JSON: {"0x…": "Hospital North"}'),
    },
    async (options, { io, signal }) => {
      const { createExplorerServer } = await import("../../adapters/explorer/server.ts");
      const { readContractBook } = await import("../../adapters/explorer/contract-book.ts");
      const { createFileLookup } = await import("../../adapters/explorer/file-lookup.ts");
      const { rpcUrl } = chainTarget(options, io);
      const book = readContractBook(join(PROJECT_FOLDER, "artifacts"));
      const federation = { ...describe(options, io), abis: book.abis };
      const { ipfs } = options;
      const files = createFileLookup(ipfs ? () => openContent(ipfs) : undefined);
      const folder = join(PROJECT_FOLDER, "explorer", "dist");
      const server = await createExplorerServer({
        rpcUrl,
        port: options.port,
        folder,
        federation,
        book,
        files,
      });
      io.out(`explorer of ${federation.consensus} at ${server.url}`);
      io.err(`reading ${rpcUrl}; Ctrl-C stops`);
      await new Promise<void>((done) => signal.addEventListener("abort", () => done(), { once: true }));
      await server.stop();
      return undefined;
    },
  );
}

/** What the pages are told before they ask the chain. */
function describe(options: Options, io: Io) {
  const { rpcUrl, contract, chainId } = chainTarget(options, io);
  const deployment = deploymentOf(options);
  return {
    schemaVersion: 1,
    network: deployment?.network ?? null,
    // A URL may hold a key in its path or its user name: people see the host alone.
    node: new URL(rpcUrl).host,
    content: options.ipfs ?? null,
    consensus: contract,
    chainId: chainId === undefined ? null : String(chainId),
    genesisBlock: deployment?.genesisBlock ?? null,
    commit: deployment?.commit ?? null,
    deployer: deployment?.deployer ?? null,
    deployments: deployment?.contracts ?? {},
    labels: options.labels ? readLabels(options.labels) : {},
  };
}

function deploymentOf({ contract, deployment, network }: Options): Deployment | undefined {
  if (contract) return undefined;
  return readDeployment(deployment ?? deploymentPath(network ?? DEFAULT_NETWORK));
}

function readLabels(path: string): Record<string, string> {
  const refuse = (why: string) => new QuorateError("USAGE", `--labels ${path}: ${why}`, { path });
  let labels: unknown;
  try {
    labels = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw refuse((error as Error).message);
  }
  if (typeof labels !== "object" || labels === null || Array.isArray(labels))
    throw refuse("expected an object");
  for (const [address, name] of Object.entries(labels))
    if (!/^0x[0-9a-fA-F]{40}$/.test(address) || typeof name !== "string")
      throw refuse(`"${address}" is no address with a name`);
  return labels as Record<string, string>;
}

/** A source of files for one request: what it keeps in memory goes with it. */
async function openContent(ipfs: string): Promise<OpenContent> {
  const { createHttpTransport } = await import("../../adapters/http/client.ts");
  const cleanup = new Cleanup();
  const endpoints = async () => [ipfs];
  const content = await createVisitorContent({ transport: createHttpTransport(), endpoints, cleanup, ipfs });
  return { content, close: () => cleanup.run() };
}
