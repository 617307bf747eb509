import type { LedgerRow } from "../protocol/ledger/row.ts";
import type { Reason } from "../protocol/round/messages.ts";
import type { RoundOutcome } from "../protocol/views/outcomes.ts";
import type { MinerRecord } from "./chain.ts";

/** What counts, for whoever watches a miner: every method notes one thing that happened, and never fails. */
export interface Metrics {
  /** A round ended, or was taken back later. */
  round(outcome: RoundOutcome): void;
  /** The open round, or the last one, entered a phase. */
  phase(round: string | null, phase: string): void;
  /** So many seconds of host time were spent in a phase that is over. */
  phaseEnded(phase: string, seconds: number): void;
  /** A vote became known, an own one too. */
  vote(support: boolean, reason: Reason): void;
  /** An upload was answered: ACCEPTED, or the code of a refusal. */
  upload(code: string): void;
  /** Work failed with a code and is tried again. */
  failure(doing: string, code: string): void;
  /** Whether the chain answered the last reading. */
  chainReachable(reachable: boolean): void;
  /** A posted candidate was recomputed: "right", "wrong", "proven", or why it was not proven. */
  watched(result: string): void;
}

/** Where figures come from that are read when they are asked for. */
export interface MetricsSources {
  /** All transactions this miner's key ever sent from here. */
  ledger(): readonly LedgerRow[];
  /** This miner, as the chain has it now. @throws QuorateError RPC_UNREACHABLE */
  miner(): Promise<MinerRecord | undefined>;
  /** Tokens taken for proven faults, by miner; smallest unit. @throws QuorateError RPC_UNREACHABLE */
  slashed(): Promise<ReadonlyMap<string, bigint>>;
}
