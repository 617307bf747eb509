import type { CandidateRecord, RoundRecord, RoundStatus } from "./federation-view.ts";
import { tallyOf } from "./queries.ts";

/** Why a round is what it is. */
export type OutcomeReason =
  /** Enough weight said yes. */
  | "AGREED"
  /** Nobody posted a candidate in time. */
  | "NO_CANDIDATE"
  /** Every candidate was proven wrong. */
  | "PROVEN_WRONG"
  /** For every candidate the yes that was needed was out of reach. */
  | "VOTED_DOWN"
  /** The votes that came in time decided nothing. */
  | "VOTES_MISSING"
  /** Its winner was proven wrong after it was agreed. */
  | "WINNER_PROVEN_WRONG"
  /** It was built on a round that was reverted. */
  | "EARLIER_ROUND_REVERTED";

export interface RoundOutcome {
  readonly round: bigint;
  readonly status: Exclude<RoundStatus, "open">;
  readonly reason: OutcomeReason;
}

/** How a round ended, and why; undefined while it is open. */
export function outcomeOf(record: RoundRecord): RoundOutcome | undefined {
  const { round, status } = record;
  if (status === "open") return undefined;
  return { round, status, reason: status === "failed" ? whyFailed(record) : REASONS[status] };
}

const REASONS = {
  agreed: "AGREED",
  reverted: "WINNER_PROVEN_WRONG",
  voided: "EARLIER_ROUND_REVERTED",
} as const satisfies Record<Exclude<RoundStatus, "open" | "failed">, OutcomeReason>;

function whyFailed(record: RoundRecord): OutcomeReason {
  const { candidates } = record;
  if (candidates.length === 0) return "NO_CANDIDATE";
  if (candidates.every(({ struck }) => struck)) return "PROVEN_WRONG";
  // A settlement names the votes it counted; `failRound` counts those that were cast on chain.
  const ways = [record, { ...record, ended: null }];
  const isDown = (candidate: CandidateRecord) =>
    ways.some((way) => tallyOf(way, candidate).outcome === "disagreed");
  return candidates.every(isDown) ? "VOTED_DOWN" : "VOTES_MISSING";
}
