import { type Draft, momentOf, type Reducers, updateRound, withTransaction } from "./draft.ts";
import type { RoundRecord } from "./federation-view.ts";

/** How rounds become provisional, and what becomes of them: ratified, void, or taken back. */
export const DEGRADED_REDUCERS: Reducers = {
  RoundDegraded(draft, event) {
    const { round, candidate, miner, confidence } = event.args;
    draft.degraded = [...draft.degraded, round];
    const yes = { miner, candidate, support: true, confidence: Number(confidence), reason: 0 };
    updateRound(draft, round, (record) => ({
      status: "degraded",
      ended: momentOf(event),
      winner: candidate,
      // All the weight there is has voted, and this is its yes.
      ratioBps: Number(confidence),
      participationBps: 10_000,
      countedVotes: [yes],
      provisional: true,
      transactions: withTransaction(record, event.transaction),
    }));
  },
  RoundRatified(draft, event) {
    const { round, finalAt } = event.args;
    settle(draft, (record) => ({
      provisional: false,
      finalAt: Number(finalAt),
      transactions: withTransaction(record, event.transaction),
    }));
    updateRound(draft, round, () => ({ status: "ratified" }));
    draft.degraded = draft.degraded.filter((waiting) => waiting !== round);
  },
  RoundReverted(draft, event) {
    updateRound(draft, event.args.round, (record) => ({
      status: "reverted",
      provisional: false,
      transactions: withTransaction(record, event.transaction),
    }));
    draft.degraded = [];
  },
  RoundVoided(draft, event) {
    const { round } = event.args;
    const wasDegraded = draft.rounds.get(round)?.status === "degraded";
    const reverts = [...draft.rounds.values()].some(
      ({ status, transactions }) => status === "reverted" && transactions.includes(event.transaction),
    );
    updateRound(draft, round, (record) => ({
      status: "voided",
      ended: record.ended ?? momentOf(event),
      provisional: false,
      unratified: wasDegraded && !reverts,
    }));
    draft.degraded = draft.degraded.filter((waiting) => waiting !== round);
    // What failed in between waits for nothing any more.
    if (draft.degraded.length === 0) settle(draft, () => ({ provisional: false }));
  },
};

/** A round that failed after a degraded one is not final before that one's fate is known. */
export function failProvisionally(draft: Draft, round: bigint): void {
  if (draft.degraded.length > 0) updateRound(draft, round, () => ({ provisional: true }));
}

/** Changes every provisional round. */
function settle(draft: Draft, change: (record: RoundRecord) => Partial<RoundRecord>): void {
  for (const record of draft.rounds.values())
    if (record.provisional) updateRound(draft, record.round, change);
}
