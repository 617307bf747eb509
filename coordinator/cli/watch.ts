import type { Command } from "commander";
import type { QuorateReader } from "../adapters/chain/reader.ts";
import type { Challenger } from "../ports/challenges.ts";
import { type Cleanup, withCleanup } from "./cleanup.ts";
import { type Cli, subcommand } from "./command.ts";
import { openNetwork, openReader, openWriter, sha256, type WriterOptions } from "./connect.ts";
import { addChainOptions, addFolderOption, addJsonOption, addKeyOptions, integerBetween } from "./options.ts";
import { createReporter } from "./report-lines.ts";

interface Options extends WriterOptions {
  readonly ipfs?: string;
  readonly look?: boolean;
  readonly bonds: number;
  readonly json?: boolean;
}

const MOST_BONDS = 1_000;

/** `quorate watch`: recomputes every candidate that can still be contested and proves the wrong ones wrong. */
export function watchCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "watch",
      summary: "recompute every contestable candidate and prove the wrong ones wrong, until stopped",
      addOptions: (command) =>
        addBondsOption(
          addWatchOptions(command).option("--look", "only report, without a key and without transactions"),
        ),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { watchLoop } = await import("./watch-loop.ts");
        const { chain, challenger } = await openWatched(options, cli, cleanup);
        const search = await openSearch(chain, { options, cli, cleanup });
        const { openEvidence } = await import("../adapters/evidence/file-evidence.ts");
        const evidence = openEvidence();
        const report = createReporter(cli.io, options.json === true);
        const { signal } = cli;
        const { bonds } = options;
        const told = { evidence, report, signal, bonds };
        await watchLoop({ ...search, chain, ...told, ...(challenger && { challenger }) });
        return undefined;
      }),
  );
}

/** Most bonds that may be open or lost at a time. */
export function addBondsOption(command: Command): Command {
  return command.option(
    "--bonds <n>",
    "ask for data that nobody serves, with at most so many bonds open or lost (default: never)",
    integerBetween(0, MOST_BONDS),
    0,
  );
}

export function addWatchOptions(command: Command): Command {
  return addFolderOption(addJsonOption(addKeyOptions(addChainOptions(command)))).option(
    "--ipfs <source>",
    "fetch from this miner, gateway or multiaddr instead of the chain's endpoints",
  );
}

async function openWatched(
  options: Options,
  { io }: Cli,
  cleanup: Cleanup,
): Promise<{ chain: QuorateReader; challenger?: Challenger }> {
  if (options.look) return { chain: await openReader(options, io, cleanup) };
  const { chain } = await openWriter(options, io, cleanup);
  return { chain, challenger: chain.challenger };
}

/** What a search for faults needs: files, the federation's task, an engine. */
export async function openSearch(
  chain: QuorateReader,
  context: {
    readonly options: { readonly ipfs?: string };
    readonly cli: Cli;
    readonly cleanup: Cleanup;
  },
) {
  const { createAggregationEngine } = await import("../adapters/aggregation/engine.ts");
  const { loadFederation } = await import("../adapters/federation/load-federation.ts");
  const { createRecoverer } = await import("../adapters/keys/recover.ts");
  const { options, cli, cleanup } = context;
  const { content } = await openNetwork(chain, options, cleanup);
  const federation = await loadFederation({ chain, content, sha256, signal: cli.signal });
  const engine = await createAggregationEngine();
  cleanup.add(() => engine.stop());
  const recoverer = createRecoverer();
  return { chain, content, federation, aggregator: engine.aggregate, recoverer, sha256 };
}
