import type { Clock } from "../ports/clock.ts";
import type { DecisionStore } from "../ports/decision-store.ts";
import type { Logger } from "../ports/logger.ts";
import type { PeerTransport } from "../ports/peer-transport.ts";
import type { ReplicaLog } from "../ports/replica-log.ts";
import type { ReplicaMetrics } from "../ports/replica-metrics.ts";
import type { SignatureScheme } from "../ports/signature-scheme.ts";
import type { Hex } from "../protocol/bytes.ts";
import type { Decision } from "../protocol/decisions/decision.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import { type Application, orderApplication } from "../protocol/praft/application.ts";
import type { Committee, Config } from "../protocol/praft/config.ts";
import type { Effect } from "../protocol/praft/effects.ts";
import type { Env, Limits } from "../protocol/praft/env.ts";
import type { Checkpoint } from "../protocol/praft/messages.ts";
import type { Anchor, Bundle } from "../protocol/praft/types.ts";
import type { HeightClock } from "./height-clock.ts";

const LIMITS: Limits = {
  timeoutFloor: 250,
  timeoutCeiling: 10_000,
  timeoutFactor: 4,
  bundlesPerBlock: 512,
  bytesPerBlock: 2 ** 20,
  maxPending: 10_000,
  maxPendingPerClient: 1_024,
  maxPendingBytes: 128 * 2 ** 20,
  checkpointEvery: 64,
  joinPatience: 30_000,
  skipViews: 8,
  maxClients: 65_536,
  compactBlocks: 4_096,
  compactBytes: 64 * 2 ** 20,
};
/** A block committed here. */
export interface Committed {
  readonly height: number;
  readonly view: number;
  /** Whose turn the view is, as this replica knows it now: a number in the committee. */
  readonly leader: number;
  /** Executed here now; those executed before do not count. */
  readonly operations: number;
}

/** What a committed block brought: the bundles executed by it and what it decided, in the order of the log. */
export interface Ordered {
  /** Of the block's epoch. */
  readonly committee: Committee;
  readonly height: number;
  readonly bundles: readonly Bundle[];
  readonly decisions: readonly Decision[];
}

/** Whether the application needs heights to go on; the root is that of the newest checkpoint with a quorum. */
type Awaited = (application: unknown, certifiedRoot: Hex) => boolean;

export interface ReplicaOptions {
  readonly config: Config;
  readonly secretKey: Uint8Array;
  /** Of votes. */
  readonly scheme: SignatureScheme;
  /** Of bundles, if it is another. */
  readonly clientScheme?: SignatureScheme;
  /** The platform's own, for the payload. */
  readonly sha256?: Sha256;
  readonly log: ReplicaLog;
  readonly transport: PeerTransport;
  /** Others than {@link LIMITS}. */
  readonly limits?: Partial<Pick<Limits, "timeoutFloor">>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The log was lost or damaged: follows, and signs nothing until the epoch after the next. */
  readonly damaged?: boolean;
  /** What committed operations drive; the order alone if it is left out. */
  readonly application?: Application;
  readonly onCommit?: (commit: Committed) => void;
  /** Told of every block committed here, in order; after a start also of those the log still has. */
  readonly onOrdered?: (ordered: Ordered) => void;
  readonly metrics?: ReplicaMetrics;
  /** The newest checkpoint that is final on the chain: no history without it is believed. */
  readonly anchor?: Anchor;
  /** Where decisions go, and answers to questions about them come from. */
  readonly decisions?: DecisionStore;
  /** Keeps heights going while the application waits for one. */
  readonly heights?: { readonly clock: HeightClock; readonly awaited: Awaited };
  /** Weight Q of the committee signed one checkpoint, or a member two of one height. */
  readonly onCertified?: (committee: Committee, checkpoints: readonly Checkpoint[]) => void;
  readonly onContradiction?: (committee: Committee, first: Checkpoint, second: Checkpoint) => void;
}

/** What the engine is given of them. */
export function envOf(options: ReplicaOptions): Env {
  const { scheme, clientScheme, secretKey, sha256, limits, transport } = options;
  const { application = orderApplication } = options;
  return {
    scheme,
    secretKey,
    id: transport.self,
    limits: { ...LIMITS, ...limits },
    application,
    ...(clientScheme && { clientScheme }),
    ...(sha256 && { sha256 }),
  };
}

/** Why a replica does nothing more. */
export function forkError({ code, height, charges }: Effect & { kind: "fork" }): QuorateError {
  const why =
    code === "PRAFT_FORK"
      ? `two blocks are committed above height ${height}: more than F lie`
      : `the history lacks a checkpoint that is final on the chain, above height ${height}`;
  return new QuorateError(code, why, { height, charges: charges.length });
}
