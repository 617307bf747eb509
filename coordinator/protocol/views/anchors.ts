import type { Hex } from "../bytes.ts";
import type { Moment } from "./moment.ts";

/** Anchors in a view: older ones prove nothing that newer ones don't. */
export const ANCHORS_KEPT = 1_000;

/** A checkpoint of what replicas decided, as it stands on the chain. */
export interface AnchorRecord {
  /** From 1. */
  readonly count: bigint;
  readonly epoch: bigint;
  readonly height: bigint;
  readonly blockHash: Hex;
  readonly stateRoot: Hex;
  readonly decisionsRoot: Hex;
  readonly nextConfigHash: Hex;
  /** Of the committee that signed. */
  readonly configHash: Hex;
  /** Bit i is member i of the committee. */
  readonly signers: bigint;
  readonly anchored: Moment;
}
