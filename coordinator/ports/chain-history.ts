import type { Hex } from "../protocol/bytes.ts";
import type { LedgerRow } from "../protocol/ledger/row.ts";
import type { FederationView } from "../protocol/views/federation-view.ts";

/** A vote with its signature, as a transaction put it on chain. */
export interface SubmittedVote {
  /** Place of the voter in the round's roster. */
  readonly seat: number;
  /** Position among the round's candidates. */
  readonly candidateIndex: number;
  readonly support: boolean;
  /** Basis points. */
  readonly confidence: number;
  readonly reason: number;
  readonly reasonIndex: bigint;
  /** 64-byte compact signature. */
  readonly signature: Hex;
}

/** Everything a federation's contracts ever announced: what views, audits and gas reports are made of. */
export interface ChainHistory {
  /** All events up to the latest block, folded; nothing is left out. */
  view(): Promise<FederationView>;
  /** The same, but old rounds may be left out, never one that can still be contested: for reading often. */
  recentView(): Promise<FederationView>;
  /**
   * The votes in a settle or castVote transaction, in order.
   * @throws QuorateError VOTES_UNREADABLE if it is no direct call of RoundConsensus that carries votes: anybody may send
   * votes through another contract; TRANSACTION_MISSING if the node does not give it
   */
  submittedVotes(transaction: Hex): Promise<readonly SubmittedVote[]>;
  /** Hash of a block; undefined if there is none. */
  blockHash(block: number): Promise<Hex | undefined>;
  /** Cost of every transaction that left an event. Failed ones leave none: only their sender's ledger has them. */
  gasLedger(): Promise<readonly LedgerRow[]>;
}
