import type { Hex } from "../bytes.ts";
import type { Config } from "./config.ts";
import type {
  Block,
  Bundle,
  CheckpointCertificate,
  CheckpointContent,
  FullBlock,
  Handover,
  QuorumCertificate,
  Rank,
  TimeoutCertificate,
} from "./types.ts";

/** A replica that the chain names for the next epoch, and that is no member yet, has all up to this height. */
export interface Ready {
  readonly kind: "ready";
  readonly epoch: number;
  readonly height: number;
  readonly stateRoot: Hex;
  /** The transport's name for it. */
  readonly id: string;
  /** By its vote key in the next config. */
  readonly signature: Uint8Array;
}

/** A block under its leader's signature. */
export interface Proposed {
  readonly block: Block;
  readonly hash: Hex;
  readonly signer: number;
  /** With a block that closes the epoch: proof that those who join are there. */
  readonly ready?: readonly Ready[];
  readonly signature: Uint8Array;
}

export interface Proposal extends Proposed, FullBlock {
  readonly kind: "propose";
}

/** A proposal that names its bundles: who got them from their clients needs no second copy from the leader. */
export interface Outline extends Proposed {
  readonly kind: "outline";
  /** Leaves of the payload's root, in its order. */
  readonly bundles: readonly Hex[];
  readonly nextConfig?: Config;
}

/** To the leader, of an outline: "I lack some of these bundles." */
export interface Want {
  readonly kind: "want";
  readonly blockHash: Hex;
}

export interface Vote extends Rank {
  readonly kind: "vote";
  readonly epoch: number;
  readonly blockHash: Hex;
  readonly signer: number;
  readonly signature: Uint8Array;
}

export interface Timeout {
  readonly kind: "timeout";
  readonly epoch: number;
  readonly view: number;
  readonly highQc: QuorumCertificate;
  readonly signer: number;
  readonly signature: Uint8Array;
}

export interface Submit {
  readonly kind: "submit";
  readonly bundle: Bundle;
}

export interface Enter {
  readonly kind: "enter";
  readonly tc: TimeoutCertificate;
}

/** "What comes after this height of this epoch?" */
export interface SyncRequest {
  readonly kind: "sync-request";
  readonly epoch: number;
  readonly height: number;
}

/** A chain of blocks, oldest first; `qc` certifies the last. */
export interface SyncReply {
  readonly kind: "sync-reply";
  readonly blocks: readonly FullBlock[];
  readonly qc: QuorumCertificate;
}

/** Signed only after the block is committed here: this, never a plain certificate, is anchored on the chain. */
export interface Checkpoint extends CheckpointContent {
  readonly kind: "checkpoint";
  readonly signer: number;
  readonly signature: Uint8Array;
}

/** A state at a certified checkpoint, for who is too far behind for blocks; in a log, what the records before it led to. */
export interface SnapshotMessage {
  readonly kind: "snapshot";
  /** From the asker's epoch on, one per epoch. */
  readonly handovers: readonly Handover[];
  readonly certificate: CheckpointCertificate;
  /** An encoded {@link Snapshot}. */
  readonly bytes: Uint8Array;
}

/** To a client: the last of its sequences that is executed here, and durably so. */
export interface Reply {
  readonly kind: "reply";
  readonly clientKey: Uint8Array;
  readonly executed: number;
}

/** A client's question to a replica: what became of this task? */
export interface Ask {
  readonly kind: "ask";
  readonly task: Hex;
}

/** The replica's answer: the decision as the application writes it, empty while it knows none. */
export interface Told {
  readonly kind: "told";
  readonly task: Hex;
  /** Newest height committed there. */
  readonly height: number;
  readonly decision: Uint8Array;
}

/** In a log only: what was signed up to this epoch is not known any more; not known either which that is, if it is absent. */
export interface Damaged {
  readonly kind: "damaged";
  readonly epoch?: number;
}

export type Message =
  | Proposal
  | Outline
  | Want
  | Vote
  | Timeout
  | Submit
  | Enter
  | SyncRequest
  | SyncReply
  | Checkpoint
  | Reply
  | Ask
  | Told
  | SnapshotMessage
  | Ready
  | Damaged;
