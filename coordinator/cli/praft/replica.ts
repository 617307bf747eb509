import type { Command } from "commander";
import { QuorateError } from "../../protocol/errors.ts";
import { type Cleanup, withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { toJson } from "../io.ts";
import { addKeyOptions, type KeyOptions } from "../options.ts";
import { parseHostPort, readCommittee } from "./committee.ts";
import { openIdentity } from "./identity.ts";

interface Options extends KeyOptions {
  readonly committee: string;
  readonly folder: string;
  readonly listen?: string;
  readonly damaged?: boolean;
  readonly json?: boolean;
  readonly logLevel?: string;
}

/** `quorate praft replica`: one member of a committee, until stopped. */
export function praftReplicaCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "replica",
      summary: "order and decide with the other members of a committee, until stopped",
      addOptions: (command) =>
        addKeyOptions(command)
          .requiredOption("--committee <file>", "members, weights and addresses")
          .requiredOption("--folder <folder>", "where the log is kept; one replica alone uses it")
          .option("--listen <host:port>", "where to listen, if not at the address in the committee file")
          .option(
            "--damaged",
            "the log was lost or is corrupt: follow, and sign nothing until the epoch after the next",
          )
          .option("--json", "print commits as JSON lines")
          .option("--log-level <level>", "trace, debug, info, warn, error, silent"),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const replica = await openReplica(options, cli, cleanup);
        await replica.run(cli.signal);
        return undefined;
      }),
  );
}

async function openReplica(options: Options, cli: Cli, cleanup: Cleanup) {
  const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
  const { createPinoLogger } = await import("../../adapters/logger/pino-logger.ts");
  const { TlsPeers } = await import("../../adapters/peers/tls.ts");
  const { openFileLog } = await import("../../adapters/replica-log/file-log.ts");
  const { Replica } = await import("../../node/replica.ts");
  const { config, addresses } = await readCommittee(options.committee);
  const { identity, ...keys } = await openIdentity(options, cli.io);
  const own = addresses.get(identity.id);
  if (!own)
    throw new QuorateError(
      "COMMITTEE_STRANGER",
      `${options.committee} has no member ${identity.id}: add it, or use another key`,
    );
  const listen = options.listen ? parseHostPort(options.listen) : own;
  const log = await openFileLog(options.folder);
  cleanup.add(() => log.close());
  const logger = createPinoLogger({ level: options.logLevel, name: "replica" });
  cli.io.err(`replica ${identity.id} listens on ${listen.host}:${listen.port}`);
  return new Replica({
    ...keys,
    ...(await openDecisions(options.folder, keys, cleanup)),
    config,
    log,
    transport: new TlsPeers({ identity, listen, peers: addresses }),
    clock: createSystemClock(),
    logger,
    damaged: options.damaged === true,
    onCommit: (commit) => {
      if (options.json) cli.io.out(toJson(commit, 0));
      else if (commit.operations > 0) cli.io.out(`height ${commit.height}: ${commit.operations} operations`);
    },
  });
}

/** The deciding layer: its state, the file of its decisions, and what keeps heights going for it. */
async function openDecisions(folder: string, { scheme, secretKey }: Keys, cleanup: Cleanup) {
  const { hash } = await import("node:crypto");
  const { openFileDecisions } = await import("../../adapters/decisions/file-decisions.ts");
  const { HeightClock } = await import("../../node/height-clock.ts");
  const { awaitsHeight, createLedger } = await import("../../protocol/decisions/ledger.ts");
  const decisions = openFileDecisions(folder);
  cleanup.add(() => decisions.close());
  const tickKey = hash("sha256", Buffer.concat([Buffer.from("quorate heights"), secretKey]), "buffer");
  return {
    decisions,
    application: createLedger(scheme),
    heights: { clock: new HeightClock(scheme, tickKey), awaited: awaitsHeight },
  };
}

type Keys = Pick<Awaited<ReturnType<typeof openIdentity>>, "scheme" | "secretKey">;
