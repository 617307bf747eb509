import type { CandidateRecord, RoundRecord, RoundStatus } from "./federation-view.ts";
import { deadlinesOf, isLone, tallyOf } from "./queries.ts";

/** Why a round is what it is. */
export type OutcomeReason =
  /** Enough weight said yes. */
  | "AGREED"
  /** Nobody posted a candidate in time. */
  | "NO_CANDIDATE"
  /** Every candidate was proven wrong. */
  | "PROVEN_WRONG"
  /** Every candidate was struck, and what was asked for of one of them nobody showed. */
  | "DATA_WITHHELD"
  /** Its signer left out a client that it had acknowledged. */
  | "RECEIPT_BROKEN"
  /** For every candidate the yes that was needed was out of reach. */
  | "VOTED_DOWN"
  /** One miner was alone, and another returned: its round gave way to one that both decide. */
  | "MINER_RETURNED"
  /** The votes that came in time decided nothing. */
  | "VOTES_MISSING"
  /** One miner alone decided it: the model is provisional. */
  | "ONE_MINER"
  /** Decided by one miner alone, and confirmed by the agreed round that builds on it. */
  | "RATIFIED"
  /** Decided by one miner alone, and not confirmed by the others. */
  | "NOT_RATIFIED"
  /** Its winner was proven wrong after it was agreed or degraded. */
  | "WINNER_PROVEN_WRONG"
  /** A part of its winner's data that was asked for after it was agreed was not shown. */
  | "WINNER_WITHHELD"
  /** It stands or falls with a round that was reverted: most often one it was built on. */
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
  if (record.unratified) return { round, status, reason: "NOT_RATIFIED" };
  return { round, status, reason: reasonOf(record, status) };
}

function reasonOf(record: RoundRecord, status: RoundOutcome["status"]): OutcomeReason {
  if (status === "failed") return whyFailed(record);
  const won = record.candidates.find(({ id }) => id === record.winner);
  if (status === "reverted" && won && whyStruck(record, won) === "DATA_WITHHELD") return "WINNER_WITHHELD";
  return REASONS[status];
}

/** What took a candidate out of its round first. */
function whyStruck(
  { faults, requests, brokenReceipts }: RoundRecord,
  { id }: CandidateRecord,
): OutcomeReason {
  const fault = faults.find(({ candidate }) => candidate === id);
  if (!fault && brokenReceipts.some(({ candidate }) => candidate === id)) return "RECEIPT_BROKEN";
  const withheld = requests.some(
    ({ state, decided }) => state === "withheld" && decided?.transaction === fault?.proven.transaction,
  );
  return withheld ? "DATA_WITHHELD" : "PROVEN_WRONG";
}

const REASONS = {
  agreed: "AGREED",
  degraded: "ONE_MINER",
  ratified: "RATIFIED",
  reverted: "WINNER_PROVEN_WRONG",
  voided: "EARLIER_ROUND_REVERTED",
} as const satisfies Record<Exclude<RoundStatus, "open" | "failed">, OutcomeReason>;

/** Nobody else's round may be failed before its time. */
function gaveWay(record: RoundRecord): boolean {
  if (!isLone(record) || record.ended === null) return false;
  const { graceEnd, lastSlotEnd } = deadlinesOf(record);
  return record.ended.time <= (graceEnd ?? lastSlotEnd);
}

function whyFailed(record: RoundRecord): OutcomeReason {
  const { candidates } = record;
  if (gaveWay(record)) return "MINER_RETURNED";
  if (candidates.length === 0) return "NO_CANDIDATE";
  if (candidates.every(({ struck }) => struck)) {
    const reasons = candidates.map((candidate) => whyStruck(record, candidate));
    return reasons.find((reason) => reason !== "PROVEN_WRONG") ?? "PROVEN_WRONG";
  }
  // A settlement names the votes it counted; `failRound` counts those that were cast on chain.
  const ways = [record, { ...record, ended: null }];
  const isDown = (candidate: CandidateRecord) =>
    ways.some((way) => tallyOf(way, candidate).outcome === "disagreed");
  return candidates.every(isDown) ? "VOTED_DOWN" : "VOTES_MISSING";
}
