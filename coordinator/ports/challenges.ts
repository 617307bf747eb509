import type { Hex } from "../protocol/bytes.ts";
import type { ColumnProof } from "../protocol/faults/proof.ts";
import type { ReferenceProof } from "../protocol/faults/reference.ts";
import type { Candidate } from "../protocol/round/messages.ts";
import type { Sent } from "./chain.ts";

/** A signature that makes its author answer for a wrong candidate; 64-byte compact. */
export interface Accusation {
  /** True for a yes vote, false for a proposer. */
  readonly voter: boolean;
  /** Basis points; 0 for a proposer. */
  readonly confidence: number;
  readonly signature: Hex;
}

/** All that proves one coordinate of a posted candidate wrong, or one entry of its manifest. */
export interface Challenge {
  /** Id of the candidate. */
  readonly id: Hex;
  readonly candidate: Candidate;
  readonly parametersHash: Hex;
  /** Of the block before the round's opening. */
  readonly previousBlockHash: Hex;
  readonly proof: ColumnProof | ReferenceProof;
  readonly accused: readonly Accusation[];
}

/** Files proofs with one account's key. */
export interface Challenger {
  readonly account: Hex;
  /**
   * Commits to the proof and, a block later, shows it. Resolves when both are mined.
   * @throws QuorateError with the contract's error as code if the proof does not hold
   */
  prove(challenge: Challenge): Promise<{ readonly committed: Sent; readonly proven: Sent }>;
}
