import type { RoundRecord } from "./federation-view.ts";
import { deadlinesOf, isFinal, weightOf, winnerOf } from "./queries.ts";

export type RoundSummary = ReturnType<typeof summaryOfRound>;

/** A round in the form of every export: what was proposed, voted and decided; `now` in block time. */
export function summaryOfRound(record: RoundRecord, now: number) {
  const won = winnerOf(record);
  const votes = record.ended ? record.countedVotes : record.castVotes;
  return {
    round: record.round,
    status: record.status,
    final: isFinal(record, now),
    openedAt: record.opened.time,
    endedAt: record.ended?.time ?? null,
    candidate: won?.id ?? null,
    modelRoot: won?.candidate.modelRoot ?? null,
    modelCid: won?.candidate.modelCid ?? null,
    updates: won?.candidate.updateCount ?? null,
    validationScore: won?.candidate.validationScore ?? null,
    ratioBps: record.ratioBps,
    participationBps: record.participationBps,
    proposals: record.candidates.flatMap(({ id, signers }) =>
      signers.map(({ miner }) => ({ miner, candidate: id })),
    ),
    votes: votes.map(({ miner, candidate, support, confidence, reason }) => ({
      miner,
      candidate,
      support,
      confidenceBps: confidence,
      reason,
      weight: weightOf(record, miner),
    })),
    transactions: record.transactions,
  };
}

/** What an open round waits for. */
export type ChainPhase = "collect" | "propose" | "vote" | "overdue";

/** The phase as the chain can know it; updates are counted by the miners alone. */
export function phaseOf(record: RoundRecord, now: number): ChainPhase {
  const { collectMaxEnd, lastSlotEnd, graceEnd } = deadlinesOf(record);
  if (graceEnd !== null) return now <= graceEnd ? "vote" : "overdue";
  if (now <= collectMaxEnd) return "collect";
  return now <= lastSlotEnd ? "propose" : "overdue";
}
