import type { Command } from "commander";
import type { Hex } from "../../protocol/bytes.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import type { WriterOptions } from "../connect.ts";
import { addChainOptions, addJsonOption, addKeyOptions, integerBetween, parseAddress } from "../options.ts";
import { addBondsOption } from "../watch.ts";

export interface MinerRunOptions extends WriterOptions {
  readonly miner?: Hex;
  readonly port?: number;
  readonly host: string;
  readonly allowRemote?: boolean;
  readonly listen?: string;
  readonly task?: string;
  readonly retainRounds?: number;
  /** False with --no-watch. */
  readonly watch: boolean;
  /** Most bonds open or lost at a time, for data that nobody serves. */
  readonly bonds: number;
  /** No metrics page without it. */
  readonly metricsPort?: number;
  readonly metricsHost: string;
  readonly logLevel: string;
  readonly json?: boolean;
}

const LARGEST_PORT = 65_535;
const MOST_ROUNDS = 1_000_000;

/** `quorate miner run`: the node of a miner, until stopped. */
export function minerRunCommand(cli: Cli): Command {
  return subcommand<MinerRunOptions>(
    cli,
    {
      name: "run",
      summary: "run a miner's node until stopped",
      addOptions: (command) =>
        addBondsOption(addRunOptions(addJsonOption(addKeyOptions(addChainOptions(command))))),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { startMiner } = await import("./node.ts");
        await startMiner(options, cli, cleanup);
        await new Promise<void>((resolve) => {
          cli.signal.addEventListener("abort", () => resolve(), { once: true });
          if (cli.signal.aborted) resolve();
        });
        return undefined;
      }),
  );
}

function addRunOptions(command: Command): Command {
  return command
    .option("--folder <folder>", "blocks, journal and gas ledger (default: the keystore's folder)")
    .option("--miner <address>", "identity of the miner, if the key votes for another account", parseAddress)
    .option(
      "--port <n>",
      "HTTP port (default: that of the registered endpoint)",
      integerBetween(0, LARGEST_PORT),
    )
    .option("--host <address>", "HTTP address to listen on", "127.0.0.1")
    .option("--allow-remote", "allow a --host that other machines can reach")
    .option("--listen <multiaddr>", "where the IPFS node listens", "/ip4/127.0.0.1/tcp/0")
    .option(
      "--task <folder>",
      "folder with task.json and validation.qrdata (default: fetched from other miners)",
    )
    .option(
      "--retain-rounds <n>",
      "serve only so many newest rounds (default: all)",
      integerBetween(1, MOST_ROUNDS),
    )
    .option("--no-watch", "do not check other miners' candidates of rounds that can still be contested")
    .option(
      "--metrics-port <n>",
      "serve metrics for Prometheus at /metrics on this port (0: any free one)",
      integerBetween(0, LARGEST_PORT),
    )
    .option("--metrics-host <address>", "address of the metrics page", "127.0.0.1")
    .option("--log-level <level>", "debug, info, warn or error; the log goes to standard error", "warn");
}
