import type { Hex } from "../bytes.ts";
import type { Config } from "./config.ts";

/** Order of blocks and certificates within an epoch: by view, then by height. */
export interface Rank {
  readonly view: number;
  readonly height: number;
}

/** Weight ≥ Q voted for one block. `signers` are member indices, rising; empty only for the block an epoch starts from. */
export interface QuorumCertificate extends Rank {
  readonly epoch: number;
  readonly blockHash: Hex;
  readonly signers: readonly number[];
  readonly signature: Uint8Array;
}

export interface ReportedRank extends Rank {
  readonly signer: number;
}

/** Weight ≥ Q gave up a view; each entry is the rank its signer reported, `highQc` certifies the largest. */
export interface TimeoutCertificate {
  readonly epoch: number;
  readonly view: number;
  readonly entries: readonly ReportedRank[];
  readonly signature: Uint8Array;
  readonly highQc: QuorumCertificate;
}

/** A client's operations under one signature over their Merkle root. `sequence` counts a client's bundles from 1. */
export interface Bundle {
  readonly clientKey: Uint8Array;
  readonly sequence: number;
  readonly operations: readonly Uint8Array[];
  readonly signature: Uint8Array;
}

/** A bundle that waits for its turn, since then. */
export interface Pending {
  readonly client: string;
  readonly bundle: Bundle;
  readonly since: number;
}

export interface Block extends Rank {
  readonly groupId: Hex;
  readonly epoch: number;
  /** Certifies the parent, whose hash it names. */
  readonly justify: QuorumCertificate;
  readonly opsRoot: Hex;
  /** The root of the state after executing `stateHeight`, a height committed before. */
  readonly stateHeight: number;
  readonly stateRoot: Hex;
  /** Milliseconds by the leader's clock, never before the parent's. */
  readonly time: number;
  /** Hash of the next epoch's config if this block closes the epoch, else zero. */
  readonly nextConfigHash: Hex;
  /** Proof that the view before was given up: in the first block of a view after the first, and nowhere else. */
  readonly tc?: TimeoutCertificate;
}

export interface Payload {
  readonly bundles: readonly Bundle[];
  readonly nextConfig?: Config;
}

export interface FullBlock {
  readonly block: Block;
  readonly payload: Payload;
  readonly hash: Hex;
}

/** What a checkpoint says of a committed height. */
export interface CheckpointContent {
  readonly epoch: number;
  readonly height: number;
  readonly blockHash: Hex;
  /** Hash of the {@link Snapshot} after this height: the application's state, the clients' sessions, and what goes on from. */
  readonly stateRoot: Hex;
  /** Of the application's decisions so far; see {@link Application}. */
  readonly decisionsRoot: Hex;
  readonly nextConfigHash: Hex;
}

/** A checkpoint that is final on the chain, and the hash of the committee that signed it. */
export interface Anchor {
  readonly content: CheckpointContent;
  readonly configHash: Hex;
}

/** Weight ≥ Q signed one checkpoint. `signers` are member indices, rising. */
export interface CheckpointCertificate {
  readonly content: CheckpointContent;
  readonly signers: readonly number[];
  readonly signature: Uint8Array;
}

/** A snapshot of its own making, or taken over from others with its certificate. */
export interface KeptSnapshot {
  readonly content: CheckpointContent;
  readonly bytes: Uint8Array;
}

/** Proof that an epoch ended with `closing`, which names the config of the next: blocks without payload suffice. */
export interface Handover {
  readonly closing: Block;
  /** What follows it, up to the first two blocks in a row of one view. */
  readonly tail: readonly Block[];
  readonly qc: QuorumCertificate;
  readonly config: Config;
}
