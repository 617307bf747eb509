import type { Hex } from "../protocol/bytes.ts";
import type { ContradictionProof } from "../protocol/faults/contradiction.ts";
import type { LeafRequest } from "../protocol/faults/leaf.ts";
import type { ColumnProof } from "../protocol/faults/proof.ts";
import type { ReceiptProof } from "../protocol/faults/receipt.ts";
import type { ReferenceProof } from "../protocol/faults/reference.ts";
import type { Candidate } from "../protocol/round/messages.ts";
import type { UpdateReference } from "../protocol/round/references.ts";
import type { Sent } from "./chain.ts";

/** A signature that makes its author answer for a wrong candidate; 64-byte compact. */
export interface Accusation {
  /** True for a yes vote, false for a proposer. */
  readonly voter: boolean;
  /** Basis points; 0 for a proposer. */
  readonly confidence: number;
  readonly signature: Hex;
}

/** A posted candidate as the contract needs it to be named. */
export interface Contested {
  /** Id of the candidate. */
  readonly id: Hex;
  readonly candidate: Candidate;
  readonly parametersHash: Hex;
  /** Of the block before the round's opening. */
  readonly previousBlockHash: Hex;
}

/** All that proves one coordinate of a posted candidate wrong, or one entry of its manifest. */
export interface Challenge extends Contested {
  readonly proof: ColumnProof | ReferenceProof;
  readonly accused: readonly Accusation[];
}

/** All that proves a coordinate or an entry right that a no called wrong. */
export interface Refutation extends Contested {
  readonly proof: ColumnProof | ReferenceProof;
  /** The client's signature behind the entry; absent for a coordinate. */
  readonly client?: { readonly modelCid: Hex; readonly signature: Hex };
  /** Signature of the no, 64 bytes. */
  readonly no: Hex;
}

/** All that proves that a signer left out a client that it had acknowledged. */
export interface ReceiptChallenge extends Contested {
  readonly proof: ReceiptProof;
}

/** What is asked for of a posted candidate. */
export interface LeafQuestion extends Contested {
  /** Place of the update in the manifest; null for the candidate's own model. */
  readonly index: number | null;
  readonly leaf: number;
  /** All of the manifest's; empty for the candidate's own model. */
  readonly references: readonly UpdateReference[];
}

/** A request that nobody answered in time. */
export interface LeafConclusion {
  readonly request: LeafRequest;
  /** What the round was opened with. */
  readonly opening: {
    readonly baseRoot: Hex;
    readonly parametersHash: Hex;
    readonly previousBlockHash: Hex;
  };
  readonly accused: readonly Accusation[];
}

/** Who answers for a candidate that was proven wrong. */
export interface Accusal {
  readonly round: bigint;
  /** Id of the candidate. */
  readonly candidate: Hex;
  readonly accused: readonly Accusation[];
}

/** A proof that holds. */
export interface Proven {
  readonly proven: Sent;
  /** Of commitment and proof; of the proof alone if somebody else's transaction made the commitment. */
  readonly gas: bigint;
  /** Paid to the challenger, in the token's smallest unit. */
  readonly bounty: bigint;
}

/**
 * Files proofs with one account's key: commits to the proof and, a block later, shows it. Resolves when both are mined.
 * Every method throws a QuorateError with the contract's error as code if the proof does not hold.
 */
export interface Challenger {
  readonly account: Hex;
  prove(challenge: Challenge): Promise<Proven>;
  proveDouble(proof: ContradictionProof): Promise<Proven>;
  refute(refutation: Refutation): Promise<Proven>;
  proveReceipt(challenge: ReceiptChallenge): Promise<Proven>;
  /** Of those who answer for a candidate that is proven wrong already, some that its proof left out. */
  accuse(accusal: Accusal): Promise<Sent>;
  /** Demands a leaf; approves the bond first if the allowance is short. */
  ask(question: LeafQuestion): Promise<Sent>;
  conclude(conclusion: LeafConclusion): Promise<Sent>;
  /** Takes back the bond of a request that something else decided. */
  release(request: LeafRequest): Promise<Sent>;
}
