import type { Anchorer } from "../../node/anchorer.ts";
import type { Replica } from "../../node/replica.ts";
import type { Committed, Ordered } from "../../node/replica-options.ts";
import type { RosterFollower } from "../../node/roster-follower.ts";
import type { ChainReader } from "../../ports/chain.ts";
import type { CheckpointChain } from "../../ports/checkpoints.ts";
import type { Logger } from "../../ports/logger.ts";
import type { ReplicaMetrics } from "../../ports/replica-metrics.ts";
import type { SignatureScheme } from "../../ports/signature-scheme.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Config } from "../../protocol/praft/config.ts";
import type { Cleanup } from "../cleanup.ts";
import type { Cli } from "../command.ts";
import { type CommitteeFile, parseHostPort, readCommittee } from "./committee.ts";
import type { MemberIdentity } from "./identity.ts";
import { openTransport } from "./transport.ts";
import { openVoter } from "./voter.ts";

/** Milliseconds between two looks at the chain, and until the next member anchors in the place of one that does not. */
const LOOK_EVERY = 1_000;
const PATIENCE = 15_000;

/** Which member of which committee, and how it works. */
export interface MemberOptions {
  readonly committee: string;
  readonly folder: string;
  readonly listen?: string;
  readonly damaged?: boolean;
  readonly anchorHeights: number;
  readonly anchorSeconds: number;
  readonly followRoster?: boolean;
  /** Milliseconds. */
  readonly timeoutFloor?: number;
}

export interface MemberParts {
  readonly member: MemberIdentity;
  /** Where checkpoints are anchored; nowhere if it is left out: a group may also run without a chain. */
  readonly checkpoints: CheckpointChain | undefined;
  /** Where the roster is that names committees, if it is to be followed. */
  readonly chain?: Pick<ChainReader, "miners">;
  readonly logger: Logger;
  readonly onCommit?: (commit: Committed) => void;
  readonly onOrdered?: (ordered: Ordered) => void;
  readonly metrics?: ReplicaMetrics;
}

export interface OpenMember {
  readonly replica: Replica;
  /** Brings certified checkpoints to the chain until the signal is aborted. */
  readonly anchorer: Anchorer | undefined;
  /** Has the roster name committees until the signal is aborted. */
  readonly follower: RosterFollower | undefined;
}

/**
 * A replica with its log, its decisions and its connections; nothing runs yet.
 * @throws QuorateError COMMITTEE_STRANGER, COMMITTEE_MALFORMED, COMMITTEE_NOT_ANCHORED, PRAFT_CONFIG, ANCHOR_OTHER_GROUP, LOG_UNWRITABLE
 */
export async function openMember(
  options: MemberOptions,
  { member, checkpoints, chain, logger, ...told }: MemberParts,
  { cli, cleanup }: { readonly cli: Cli; readonly cleanup: Cleanup },
): Promise<OpenMember> {
  const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
  const { openFileLog } = await import("../../adapters/replica-log/file-log.ts");
  const { Replica } = await import("../../node/replica.ts");
  const { identity } = member;
  const { committee, address } = await ownPlace(options, identity.id, checkpoints !== undefined);
  const { config } = committee;
  const own = await ownPart(options, committee, member);
  const listen = options.listen ? parseHostPort(options.listen) : address;
  const log = await openFileLog(options.folder);
  cleanup.add(() => log.close());
  const opened: { replica?: Replica } = {};
  const anchoring = { options, checkpoints, config, id: identity.id, logger };
  const anchorer = await openAnchorer({ ...anchoring, replica: () => opened.replica });
  const anchor = await anchorer?.newestAnchor();
  cli.io.err(`replica ${identity.id} listens on ${listen.host}:${listen.port}`);
  opened.replica = new Replica({
    ...own,
    ...(await openDecisions(options.folder, { member, votes: own.scheme }, cleanup)),
    ...told,
    config,
    log,
    transport: await openTransport(committee, { identity, listen }),
    clock: createSystemClock(),
    logger,
    damaged: options.damaged === true,
    ...(anchor && { anchor }),
    ...(anchorer && {
      onCertified: (committee, signed) => anchorer.certified(committee, signed),
      onContradiction: (committee, first, second) => anchorer.accuse(committee, first, second),
    }),
  });
  const { replica } = opened;
  return { replica, anchorer, follower: await openFollower(options, { chain, config, replica, logger }) };
}

async function openFollower(
  { followRoster }: MemberOptions,
  parts: {
    readonly chain: Pick<ChainReader, "miners"> | undefined;
    readonly config: Config;
    readonly replica: Replica;
    readonly logger: Logger;
  },
): Promise<RosterFollower | undefined> {
  const { chain, config, replica, logger } = parts;
  if (!followRoster || !chain) return undefined;
  const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
  const { RosterFollower } = await import("../../node/roster-follower.ts");
  return new RosterFollower({
    chain,
    logger,
    known: config.members,
    committee: () => replica.committee,
    reconfigure: (next) => replica.reconfigure(next),
    clock: createSystemClock(),
    lookEvery: LOOK_EVERY,
  });
}

/** What a member signs votes and bundles with, and how long it waits for others. */
async function ownPart(options: MemberOptions, { scheme }: CommitteeFile, member: MemberIdentity) {
  const { sha256, scheme: clientScheme, secretKey } = member;
  const limits = options.timeoutFloor ? { timeoutFloor: options.timeoutFloor } : {};
  return { ...(await openVoter(scheme, secretKey)), clientScheme, sha256, limits };
}

/** The registry recovers the signers of a checkpoint, and a BLS signature has none to recover. */
function notAnchored(file: string): QuorateError {
  return new QuorateError(
    "COMMITTEE_NOT_ANCHORED",
    `${file} has BLS keys, whose checkpoints no contract takes yet: leave out the chain, or use secp256k1 keys`,
    { file },
  );
}

/** Who this replica is in the committee. @throws QuorateError COMMITTEE_STRANGER, COMMITTEE_MALFORMED, COMMITTEE_NOT_ANCHORED */
async function ownPlace({ committee: file }: MemberOptions, id: string, anchored: boolean) {
  const committee = await readCommittee(file);
  if (committee.scheme === "bls" && anchored) throw notAnchored(file);
  const address = committee.addresses.get(id);
  if (address) return { committee, address };
  throw new QuorateError("COMMITTEE_STRANGER", `${file} has no member ${id}: add it, or use another key`, {
    id,
  });
}

/** The deciding layer: its state, the file of its decisions, and what keeps heights going for it. */
async function openDecisions(
  folder: string,
  { member, votes }: { readonly member: MemberIdentity; readonly votes: SignatureScheme },
  cleanup: Cleanup,
) {
  const { openFileDecisions } = await import("../../adapters/decisions/file-decisions.ts");
  const { HeightClock } = await import("../../node/height-clock.ts");
  const { awaitsHeight, createLedger } = await import("../../protocol/decisions/ledger.ts");
  const decisions = openFileDecisions(folder);
  cleanup.add(() => decisions.close());
  const tickKey = await derivedKey("quorate heights", member.secretKey);
  return {
    decisions,
    application: createLedger(votes),
    heights: { clock: new HeightClock(member.scheme, tickKey), awaited: awaitsHeight },
  };
}

/** A key for one use, by a hash that tells nothing of the member's own. */
export async function derivedKey(use: string, secretKey: Uint8Array): Promise<Uint8Array> {
  const { hash } = await import("node:crypto");
  return hash("sha256", Buffer.concat([Buffer.from(use), secretKey]), "buffer");
}

async function openAnchorer(parts: {
  readonly options: MemberOptions;
  readonly checkpoints: CheckpointChain | undefined;
  readonly config: Config;
  readonly id: string;
  readonly logger: Logger;
  readonly replica: () => Replica | undefined;
}): Promise<Anchorer | undefined> {
  const { options, checkpoints, replica, ...rest } = parts;
  if (!checkpoints) return undefined;
  const { createSystemClock } = await import("../../adapters/clock/system-clock.ts");
  const { Anchorer } = await import("../../node/anchorer.ts");
  return new Anchorer({
    ...rest,
    chain: checkpoints,
    clock: createSystemClock(),
    everyHeights: options.anchorHeights,
    everyMilliseconds: 1_000 * options.anchorSeconds,
    lookEvery: LOOK_EVERY,
    patience: PATIENCE,
    onAnchored: (anchor) => replica()?.anchored(anchor),
  });
}
