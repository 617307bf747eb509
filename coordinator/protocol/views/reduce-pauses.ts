import { type Draft, type EventOf, type Reducers, updateMiner, updateRound } from "./draft.ts";
import type { RoundRecord } from "./federation-view.ts";
import { deadlinesOf } from "./queries.ts";

/** How pauses move what had not run out; contracts/interfaces/IFederationPause.sol. */
export const PAUSE_REDUCERS: Reducers = {
  FederationPaused(draft, event) {
    draft.pause = { since: event.time, until: Number(event.args.until) };
  },
  FederationResumed: resume,
};

function resume(draft: Draft, event: EventOf<"FederationResumed">): void {
  const pausedAt = Number(event.args.pausedAt);
  const length = event.time - pausedAt;
  /** From this moment on something is over: it is later, unless it was over before. */
  const later = (time: number) => (time > pausedAt ? time + length : time);
  draft.pause = null;
  draft.pauses = [...draft.pauses, { from: pausedAt, to: event.time }];
  for (const record of draft.rounds.values())
    updateRound(draft, record.round, () => ({
      ...heldBy(record, pausedAt, length),
      finalAt: record.finalAt === null ? null : later(record.finalAt),
      requests: record.requests.map((request) => ({
        ...request,
        // The last moment of an answer is one in which it still counts.
        dueAt: request.dueAt >= pausedAt ? request.dueAt + length : request.dueAt,
        decidedBy: later(request.decidedBy),
      })),
    }));
  for (const settlement of draft.settlements.values())
    draft.settlements.set(settlement.settlement, { ...settlement, finalAt: later(settlement.finalAt) });
  for (const { miner, releaseAt } of draft.miners.values())
    updateMiner(draft, miner, () => ({ releaseAt: later(releaseAt) }));
}

function heldBy(record: RoundRecord, pausedAt: number, length: number): Partial<RoundRecord> {
  const { voteDeadline } = deadlinesOf(record);
  const open = record.status === "open";
  const voting = voteDeadline !== null && (open || voteDeadline >= pausedAt);
  return {
    held: record.held + (open ? length : 0),
    votesHeld: record.votesHeld + (voting ? length : 0),
  };
}
