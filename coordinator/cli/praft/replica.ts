import type { Command } from "commander";
import { type Cleanup, withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openWriter, type WriterOptions } from "../connect.ts";
import { toJson } from "../io.ts";
import {
  addChainOptions,
  addKeyOptions,
  addMetricsOptions,
  integerBetween,
  type MetricsOptions,
} from "../options.ts";
import { openIdentity } from "./identity.ts";
import { type MemberOptions, type OpenMember, openMember } from "./member.ts";

type Options = WriterOptions &
  MetricsOptions &
  MemberOptions & {
    readonly json?: boolean;
    readonly logLevel?: string;
  };

/** `quorate praft replica`: one member of a committee, until stopped. */
export function praftReplicaCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "replica",
      summary:
        "order and decide with the other members of a committee, until stopped; anchor it with --contract",
      addOptions: (command) =>
        addMetricsOptions(addChainOptions(addKeyOptions(command)))
          .requiredOption("--committee <file>", "members, weights and addresses")
          .requiredOption("--folder <folder>", "where the log is kept; one replica alone uses it")
          .option("--listen <host:port>", "where to listen, if not at the address in the committee file")
          .option(
            "--damaged",
            "the log was lost or is corrupt: follow, and sign nothing until the epoch after the next",
          )
          .option("--anchor-heights <n>", "anchor after so many heights", integerBetween(1, 1_000_000), 4_096)
          .option("--anchor-seconds <n>", "or after so many seconds", integerBetween(1, 604_800), 600)
          .option("--follow-roster", "let the miners' roster name the next committee; all members or none")
          .option(
            "--timeout-floor <ms>",
            "give a leader at least so long: more for many members or slow links",
            integerBetween(50, 10_000),
          )
          .option("--allow-remote", "allow a --metrics-host that other machines can reach")
          .option("--json", "print commits as JSON lines")
          .option("--log-level <level>", "trace, debug, info, warn, error, silent"),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { replica, anchorer, follower } = await openReplica(options, cli, cleanup);
        const stop = new AbortController();
        const signal = AbortSignal.any([cli.signal, stop.signal]);
        const all = [replica, anchorer, follower].map((part) =>
          part?.run(signal).finally(() => stop.abort()),
        );
        // Whichever fails ends the others, and is told once they are done.
        await Promise.allSettled(all);
        await Promise.all(all);
        return undefined;
      }),
  );
}

async function openReplica(options: Options, cli: Cli, cleanup: Cleanup): Promise<OpenMember> {
  const { createPinoLogger } = await import("../../adapters/logger/pino-logger.ts");
  const chained = options.contract || options.deployment || options.network;
  const writer = chained ? await openWriter(options, cli.io, cleanup) : undefined;
  return openMember(
    options,
    {
      member: await openIdentity(options, cli.io),
      checkpoints: writer?.chain.checkpoints,
      ...(writer && { chain: writer.chain }),
      logger: createPinoLogger({ level: options.logLevel, name: "replica" }),
      ...(await openReplicaMetrics(options, cli, cleanup)),
      onCommit: (commit) => {
        if (options.json) cli.io.out(toJson(commit, 0));
        else if (commit.operations > 0)
          cli.io.out(`height ${commit.height}: ${commit.operations} operations`);
      },
    },
    { cli, cleanup },
  );
}

/** The page of a replica's metrics, if it is asked for. */
async function openReplicaMetrics(options: Options, { io }: Cli, cleanup: Cleanup) {
  if (options.metricsPort === undefined) return {};
  const { createReplicaPage } = await import("../../adapters/metrics/replica-meters.ts");
  const { serveMetrics } = await import("../../adapters/metrics/server.ts");
  const page = createReplicaPage();
  const where = { host: options.metricsHost, port: options.metricsPort };
  const server = await serveMetrics(page, { ...where, allowRemote: options.allowRemote === true });
  cleanup.add(() => server.stop());
  io.err(`metrics at ${server.url}`);
  return { metrics: page };
}
