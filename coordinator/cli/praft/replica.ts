import type { Command } from "commander";
import type { Anchorer } from "../../node/anchorer.ts";
import type { Replica } from "../../node/replica.ts";
import type { Logger } from "../../ports/logger.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Config } from "../../protocol/praft/config.ts";
import { type Cleanup, withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openWriter, type WriterOptions } from "../connect.ts";
import { toJson } from "../io.ts";
import { addChainOptions, addKeyOptions, integerBetween } from "../options.ts";
import { parseHostPort, readCommittee } from "./committee.ts";
import { openIdentity } from "./identity.ts";

/** Milliseconds between two looks at the chain, and until the next member anchors in the place of one that does not. */
const LOOK_EVERY = 1_000;
const PATIENCE = 15_000;

interface Options extends WriterOptions {
  readonly committee: string;
  readonly folder: string;
  readonly listen?: string;
  readonly damaged?: boolean;
  readonly anchorHeights: number;
  readonly anchorSeconds: number;
  readonly json?: boolean;
  readonly logLevel?: string;
}

/** `quorate praft replica`: one member of a committee, until stopped. */
export function praftReplicaCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "replica",
      summary:
        "order and decide with the other members of a committee, until stopped; anchor it with --contract",
      addOptions: (command) =>
        addChainOptions(addKeyOptions(command))
          .requiredOption("--committee <file>", "members, weights and addresses")
          .requiredOption("--folder <folder>", "where the log is kept; one replica alone uses it")
          .option("--listen <host:port>", "where to listen, if not at the address in the committee file")
          .option(
            "--damaged",
            "the log was lost or is corrupt: follow, and sign nothing until the epoch after the next",
          )
          .option("--anchor-heights <n>", "anchor after so many heights", integerBetween(1, 1_000_000), 4_096)
          .option("--anchor-seconds <n>", "or after so many seconds", integerBetween(1, 604_800), 600)
          .option("--json", "print commits as JSON lines")
          .option("--log-level <level>", "trace, debug, info, warn, error, silent"),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { replica, anchorer } = await openReplica(options, cli, cleanup);
        const stop = new AbortController();
        const signal = AbortSignal.any([cli.signal, stop.signal]);
        const anchoring = anchorer?.run(signal);
        await replica.run(signal).finally(() => stop.abort());
        await anchoring;
        return undefined;
      }),
  );
}

async function openReplica(
  options: Options,
  cli: Cli,
  cleanup: Cleanup,
): Promise<{ replica: Replica; anchorer: Anchorer | undefined }> {
  const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
  const { createPinoLogger } = await import("../../adapters/logger/pino-logger.ts");
  const { TlsPeers } = await import("../../adapters/peers/tls.ts");
  const { openFileLog } = await import("../../adapters/replica-log/file-log.ts");
  const { Replica } = await import("../../node/replica.ts");
  const { config, addresses, identity, keys, own } = await openMember(options, cli);
  const listen = options.listen ? parseHostPort(options.listen) : own;
  const log = await openFileLog(options.folder);
  cleanup.add(() => log.close());
  const logger = createPinoLogger({ level: options.logLevel, name: "replica" });
  const opened: { replica?: Replica } = {};
  const parts = { cli, cleanup, config, id: identity.id, logger, replica: () => opened.replica };
  const anchorer = await openAnchorer(options, parts);
  const anchor = await anchorer?.newestAnchor();
  cli.io.err(`replica ${identity.id} listens on ${listen.host}:${listen.port}`);
  opened.replica = new Replica({
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
    ...(anchor && { anchor }),
    ...(anchorer && {
      onCertified: (committee, checkpoints) => anchorer.certified(committee, checkpoints),
      onContradiction: (committee, first, second) => void anchorer.accuse(committee, first, second),
    }),
  });
  return { replica: opened.replica, anchorer };
}

/** Who this replica is in the committee. @throws QuorateError COMMITTEE_STRANGER, COMMITTEE_MALFORMED */
async function openMember(options: Options, { io }: Cli) {
  const { config, addresses } = await readCommittee(options.committee);
  const { identity, ...keys } = await openIdentity(options, io);
  const own = addresses.get(identity.id);
  if (!own)
    throw new QuorateError(
      "COMMITTEE_STRANGER",
      `${options.committee} has no member ${identity.id}: add it, or use another key`,
    );
  return { config, addresses, identity, keys, own };
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

interface AnchorerParts {
  readonly cli: Cli;
  readonly cleanup: Cleanup;
  readonly config: Config;
  readonly id: string;
  readonly logger: Logger;
  readonly replica: () => Replica | undefined;
}

/** Only if the command names a federation: a group may also run without a chain. */
async function openAnchorer(options: Options, parts: AnchorerParts): Promise<Anchorer | undefined> {
  if (!options.contract && !options.deployment && !options.network) return undefined;
  const { cli, cleanup, replica, ...rest } = parts;
  const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
  const { Anchorer } = await import("../../node/anchorer.ts");
  const { chain } = await openWriter(options, cli.io, cleanup);
  return new Anchorer({
    ...rest,
    chain: chain.checkpoints,
    clock: createSystemClock(),
    everyHeights: options.anchorHeights,
    everyMilliseconds: 1_000 * options.anchorSeconds,
    lookEvery: LOOK_EVERY,
    patience: PATIENCE,
    onAnchored: (anchor) => replica()?.anchored(anchor),
  });
}
