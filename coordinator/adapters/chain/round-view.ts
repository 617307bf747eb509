import type { PostedCandidate, RoundView } from "../../ports/chain.ts";
import type { Hex } from "../../protocol/bytes.ts";
import type { FederationView, RoundRecord } from "../../protocol/views/federation-view.ts";
import { bestRecentScore, deadlinesOf, isFinal, rankOf } from "../../protocol/views/queries.ts";

/** What a round's view needs beyond the events. */
export interface RoundContext {
  /** Drawn order of miners; null until the seed can be read. */
  readonly order: readonly Hex[] | null;
  /** Block time by which finality is judged, seconds. */
  readonly now: number;
}

/** A round as nodes and clients see it. */
export function roundView(view: FederationView, record: RoundRecord, context: RoundContext): RoundView {
  const deadlines = deadlinesOf(record);
  const { order, now } = context;
  return {
    round: record.round,
    status: record.status,
    openingHash: record.openingHash,
    baseRoot: record.baseRoot,
    baseCid: record.baseCid,
    standsOn: record.standsOn,
    generation: record.generation,
    openedAt: record.opened.time,
    openedInBlock: record.opened.block,
    collectMinUntil: deadlines.collectMinEnd,
    collectMaxUntil: deadlines.collectMaxEnd,
    expectedUpdates: record.updateTarget,
    proposeUntil: deadlines.proposeDeadline,
    proposeSlot: Number(record.parameters.proposeSlot),
    voteUntil: deadlines.voteDeadline,
    graceUntil: deadlines.graceEnd,
    activeWeight: record.activeWeight,
    order,
    seedFrozen: record.seed !== null,
    candidates: postedCandidates(record, order),
    winner: record.winner,
    castVotes: record.castVotes.map(({ cast: _, reasonIndex: __, ...vote }) => vote),
    ...(record.ended && { settledVoters: [...new Set(record.countedVotes.map((vote) => vote.miner))] }),
    payoutsRound: view.settlements.get(record.baseSettlement)?.round ?? 0n,
    payoutsRoot: record.payoutsRoot,
    payoutsTotal: record.payoutsTotal,
    roundBudget: record.parameters.roundBudget,
    bestRecentScore: bestRecentScore(view, record.round),
    final: isFinal(record, now),
  };
}

function postedCandidates(record: RoundRecord, order: readonly Hex[] | null): PostedCandidate[] {
  return record.candidates.map((posted) => ({
    id: posted.id,
    index: posted.index,
    rank: rankOf(posted, order),
    signers: posted.signers.map(({ miner }) => miner),
    candidate: posted.candidate,
    transaction: posted.posted.transaction,
    postedAt: posted.posted.time,
    ...(posted.struck && { struck: true }),
  }));
}
