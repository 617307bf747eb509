import type { ChainReader, ChainWriter } from "../ports/chain.ts";
import type { Clock } from "../ports/clock.ts";
import type { Content } from "../ports/content.ts";
import type { ContentStore, PeerNode } from "../ports/content-store.ts";
import type { EvidenceBook } from "../ports/evidence.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import type { Journal } from "../ports/journal.ts";
import type { Evaluator } from "../ports/learning.ts";
import type { Logger } from "../ports/logger.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Recoverer, Signer } from "../ports/signer.ts";
import type { MinerService, MinerTransport } from "../ports/transport.ts";
import type { Hex } from "../protocol/bytes.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import type { Aggregator } from "../protocol/round/recompute.ts";
import type { Ordering } from "./ordering.ts";
import type { NodeTimings } from "./timings.ts";

export interface MinerConfig {
  /** Identity (owner) address of the miner. */
  readonly miner: Hex;
  /** URL under which others reach this miner's service. */
  readonly endpoint: string;
  readonly version: string;
  /** How often the chain is read, milliseconds. */
  readonly pollMs?: number;
  /** Rounds whose files are kept; all by default. */
  readonly retainRounds?: number;
  readonly timings?: Partial<NodeTimings>;
}

/** Everything a miner works with, injected by whoever composes it. */
export interface MinerDeps {
  readonly chain: ChainReader & ChainWriter;
  readonly store: ContentStore & Partial<PeerNode>;
  readonly content: Content;
  readonly transport: MinerTransport;
  readonly journal: Journal;
  readonly signer: Signer;
  readonly recoverer: Recoverer;
  /** Absent in a federation without validation set: then votes rest on recomputation alone. */
  readonly evaluator?: Evaluator;
  /** Applies the federation's rule; the reference in this thread by default. */
  readonly aggregator?: Aggregator;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Gets what other miners signed and sent to this one. */
  readonly evidence?: Pick<EvidenceBook, "note">;
  /** The replica beside this miner; without one, proposers settle on a round's updates between themselves. */
  readonly ordering?: Ordering;
  readonly federation: LoadedFederation;
  readonly sha256?: Sha256;
  readonly config: MinerConfig;
}

export type MinerPhase = "idle" | "collect" | "propose" | "vote" | "ended";

export interface MinerStatus {
  readonly miner: Hex;
  readonly running: boolean;
  readonly round: string | null;
  readonly phase: MinerPhase;
  /** Block time since which governance holds the federation, seconds; null while it runs. */
  readonly pausedSince: number | null;
  /** Updates that would enter a manifest now. */
  readonly updates: number;
  readonly candidates: number;
  readonly ownCandidate: Hex | null;
  /** Votes known in this round. */
  readonly votes: number;
  readonly rpc: "ok" | "unreachable";
  readonly lastError: string | null;
}

/** Something worth showing to whoever watches a miner. */
export interface MinerEvent {
  readonly kind:
    | "round"
    | "update"
    | "frozen"
    | "manifest"
    | "candidate"
    | "posted"
    | "vote"
    | "settled"
    | "failed"
    | "answered"
    | "paused"
    | "resumed"
    | "error";
  readonly round: string;
  readonly [detail: string]: unknown;
}

export interface Miner {
  readonly service: MinerService;
  /** @throws QuorateError MINER_UNKNOWN, KEY_MISMATCH */
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): MinerStatus;
  /** Calls `listener` for every event; returns how to stop that. */
  on(listener: (event: MinerEvent) => void): () => void;
}

/** Tells listeners and the log. */
export type Emit = (event: MinerEvent) => void;
