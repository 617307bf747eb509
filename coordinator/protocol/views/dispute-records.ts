import type { Hex } from "../bytes.ts";
import type { Moment } from "./moment.ts";

/** A candidate that was proven wrong. */
export interface FaultRecord {
  /** Candidate id. */
  readonly candidate: Hex;
  readonly finder: Hex;
  /** Rate of the slash, basis points. */
  readonly slashBps: number;
  readonly proven: Moment;
}

/** Stands for the candidate's own model where an update of its manifest could be named. */
export const MODEL_INDEX = 2n ** 64n - 1n;

/** A bonded demand to show 64 weights of an update, or of the candidate's model. */
export interface LeafRequestRecord {
  readonly id: Hex;
  readonly candidate: Hex;
  readonly requester: Hex;
  /** Place of the update in the manifest; null: the candidate's own model. */
  readonly index: number | null;
  /** Weights 64 × leaf and following. */
  readonly leaf: number;
  /** Of the model the leaf is in. */
  readonly modelRoot: Hex;
  /** Last moment of an answer, block time in seconds. */
  readonly dueAt: number;
  /** Until then the round is not final, so that it can be concluded. */
  readonly decidedBy: number;
  /** Smallest unit of the token. */
  readonly bond: bigint;
  /** Released: something else decided about the candidate, or nobody concluded. */
  readonly state: "open" | "answered" | "withheld" | "released";
  readonly asked: Moment;
  readonly answerer: Hex | null;
  readonly decided: Moment | null;
}

/** A signer that acknowledged an update and left its client out. */
export interface BrokenReceiptRecord {
  /** Candidate id. */
  readonly candidate: Hex;
  readonly miner: Hex;
  readonly client: Hex;
  /** Of the update that was acknowledged. */
  readonly modelRoot: Hex;
  readonly proven: Moment;
}
