import type { Command } from "commander";
import type { Hex } from "../../protocol/bytes.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import type { WriterOptions } from "../connect.ts";
import {
  addChainOptions,
  addJsonOption,
  addKeyOptions,
  addMetricsOptions,
  integerBetween,
  LARGEST_PORT,
  type MetricsOptions,
  parseAddress,
} from "../options.ts";
import { addBondsOption } from "../watch.ts";

export interface MinerRunOptions extends WriterOptions, MetricsOptions {
  readonly miner?: Hex;
  readonly port?: number;
  readonly host: string;
  readonly listen?: string;
  readonly task?: string;
  readonly retainRounds?: number;
  /** False with --no-watch. */
  readonly watch: boolean;
  /** Most bonds open or lost at a time, for data that nobody serves. */
  readonly bonds: number;
  /** Committee file of the replica beside the node; none runs without it. */
  readonly praft?: string;
  readonly praftListen?: string;
  readonly praftDamaged?: boolean;
  readonly praftFollowRoster?: boolean;
  readonly logLevel: string;
  readonly json?: boolean;
}

const MOST_ROUNDS = 1_000_000;

/** `quorate miner run`: the node of a miner, until stopped. */
export function minerRunCommand(cli: Cli): Command {
  return subcommand<MinerRunOptions>(
    cli,
    {
      name: "run",
      summary: "run a miner's node until stopped",
      addOptions: (command) =>
        addBondsOption(
          addPraftOptions(addRunOptions(addJsonOption(addKeyOptions(addChainOptions(command))))),
        ),
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

function addPraftOptions(command: Command): Command {
  return command
    .option(
      "--praft <file>",
      "run a replica of this committee too; three or more freeze each round's updates",
    )
    .option("--praft-listen <host:port>", "where it listens, if not at the address in the committee file")
    .option("--praft-follow-roster", "let the miners' roster name its next committee; all members or none")
    .option(
      "--praft-damaged",
      "its log was lost or is corrupt: follow, sign nothing until the epoch after the next",
    );
}

function addRunOptions(command: Command): Command {
  return addMetricsOptions(command)
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
    .option("--log-level <level>", "debug, info, warn or error; the log goes to standard error", "warn");
}
