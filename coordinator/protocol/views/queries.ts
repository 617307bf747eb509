import { compareHex, type Hex, sameHex } from "../bytes.ts";
import { SCORE_WINDOW_ROUNDS } from "../round/quality.ts";
import { type Tally, tally, type WeighedVote } from "../round/tally.ts";
import { drawOrder } from "./draw.ts";
import type {
  CandidateRecord,
  ClientTerms,
  FederationView,
  RoundRecord,
  SettlementView,
  VoteRecord,
} from "./federation-view.ts";

/** Limits of a round's phases, seconds of block time, inclusive. */
export interface RoundDeadlines {
  readonly collectMinEnd: number;
  readonly collectMaxEnd: number;
  /** Last moment for ranks 0 and 1. */
  readonly proposeDeadline: number;
  /** Last moment of the last reserve. */
  readonly lastSlotEnd: number;
  /** null without a candidate. */
  readonly voteDeadline: number | null;
  readonly graceEnd: number | null;
}

/** The deadlines of a round, from its opening, its parameters and its last candidate. */
export function deadlinesOf(record: RoundRecord): RoundDeadlines {
  const { collectMin, collectMax, proposeSlot, voteWindow, voteGrace } = record.parameters;
  const openedAt = record.opened.time + record.held;
  const collectMaxEnd = openedAt + Number(collectMax);
  const reserves = Math.max(0, record.roster.length - 2);
  const proposeDeadline = collectMaxEnd + Number(proposeSlot);
  const posted = record.candidates.at(-1)?.posted.time ?? null;
  const voteDeadline = posted === null ? null : posted + Number(voteWindow) + record.votesHeld;
  return {
    collectMinEnd: openedAt + Number(collectMin),
    collectMaxEnd,
    proposeDeadline,
    lastSlotEnd: proposeDeadline + reserves * Number(proposeSlot),
    voteDeadline,
    graceEnd: voteDeadline === null ? null : voteDeadline + Number(voteGrace),
  };
}

/**
 * What the deadlines of a federation are compared with: block time, which stands still for it while it is paused.
 * @param now block time, seconds
 */
export function timeIn({ pause }: Pick<FederationView, "pause">, now: number): number {
  return pause ? Math.min(pause.since, now) : now;
}

/** All miners of a round by rank; null while its seed is not frozen. */
export function orderOf(record: RoundRecord): Hex[] | null {
  return record.seed === null ? null : drawOrder(record.seed, record.roster);
}

/** The lowest rank that signed a candidate: the order in which candidates win. */
export function rankOf(candidate: CandidateRecord, order: readonly Hex[] | null): number {
  const ranks = candidate.signers.map(
    ({ miner }) => order?.findIndex((drawn) => sameHex(drawn, miner)) ?? -1,
  );
  return Math.min(...ranks.map((rank) => (rank < 0 ? Number.MAX_SAFE_INTEGER : rank)));
}

/**
 * A round is final when its window is over and it was neither reverted nor voided, nor waits for a degraded round to be
 * ratified; `now` in block time.
 */
export function isFinal(record: RoundRecord, now: number): boolean {
  const ended = ["agreed", "ratified", "failed"].includes(record.status) && !record.provisional;
  return ended && record.finalAt !== null && now >= record.finalAt;
}

/** Name of the event that ended a round. */
export function endEvent({ winner, settlement, status }: RoundRecord): string {
  if (winner !== null) return settlement === null ? "RoundDegraded" : "RoundAgreed";
  return status === "voided" ? "RoundVoided" : "RoundFailed";
}

/**
 * Highest score of the agreed and ratified rounds within the last 8 round numbers before `round`; null if there is none.
 * Those that `round` itself may ratify are no bar for it: nobody but their own miner has agreed to them yet.
 */
export function bestRecentScore(view: FederationView, round: bigint): number | null {
  const scores: number[] = [];
  const standsOn = view.rounds.get(round)?.standsOn ?? [];
  for (let earlier = round - BigInt(SCORE_WINDOW_ROUNDS); earlier < round; earlier++) {
    const record = view.rounds.get(earlier);
    const counts = record?.status === "agreed" || record?.status === "ratified";
    if (!record || !counts || standsOn.includes(earlier)) continue;
    const won = winnerOf(record);
    if (won) scores.push(won.candidate.validationScore);
  }
  return scores.length === 0 ? null : Math.max(...scores);
}

/** The agreed or degraded candidate of a round. */
export function winnerOf(record: RoundRecord): CandidateRecord | undefined {
  return record.candidates.find((candidate) => candidate.id === record.winner);
}

/** The newest settlement whose root pays at block time `now`. */
export function latestFinalSettlement(view: FederationView, now: number): SettlementView | undefined {
  return [...view.settlements.values()]
    .filter(({ finalAt }) => now >= finalAt)
    .reduce<SettlementView | undefined>(
      (best, next) => (best && best.settlement > next.settlement ? best : next),
      undefined,
    );
}

/** What a client may do in `round`; undefined before its first registration took effect. */
export function clientTerms(view: FederationView, client: string, round: bigint): ClientTerms | undefined {
  return view.clients.get(client.toLowerCase())?.terms.findLast((terms) => terms.fromRound <= round);
}

/** The votes that count on one candidate: those that decided the round, or while it is open those on chain. */
export function votesOn(record: RoundRecord, candidate: Hex): WeighedVote[] {
  const votes: readonly VoteRecord[] = record.ended ? record.countedVotes : record.castVotes;
  return votes
    .filter((vote) => vote.candidate === candidate)
    .map(({ miner, support, confidence }) => ({
      miner,
      support,
      confidence,
      weight: weightOf(record, miner),
    }));
}

/** The tally of one candidate by the protocol's rules. */
export function tallyOf(record: RoundRecord, candidate: CandidateRecord): Tally {
  return tally({
    votes: votesOn(record, candidate.id),
    signers: candidate.signers.map(({ miner }) => ({ miner, weight: weightOf(record, miner) })),
    activeWeight: record.activeWeight,
    struck: candidate.struck ?? false,
    voters: votersIn(record),
  });
}

/** Miners whose vote counts: those with a seat that were not proven at fault while the round was open. */
export function votersIn(record: RoundRecord): number {
  return record.roster.length - record.jailed.length;
}

/** True if one miner's vote counts and no other's. */
export function isLone(record: RoundRecord): boolean {
  return votersIn(record) === 1;
}

/** Weight of a miner's vote in a round, 0 without a seat or after a slash in it. */
export function weightOf(record: RoundRecord, miner: Hex): bigint {
  if (record.jailed.some((jailed) => sameHex(jailed, miner))) return 0n;
  return record.roster.find((seat) => sameHex(seat.miner, miner))?.weight ?? 0n;
}

/** Share of the active weight whose vote was counted, basis points, rounded down. */
export function participationBps(record: RoundRecord): number {
  const voters = new Set(record.countedVotes.map((vote) => vote.miner));
  const voted = [...voters].reduce((sum, miner) => sum + weightOf(record, miner), 0n);
  return record.activeWeight === 0n ? 0 : Number((voted * 10_000n) / record.activeWeight);
}

/** Money in the federation's contracts, in the token's smallest unit. */
interface TokenTotals {
  readonly staked: bigint;
  readonly unbonding: bigint;
  readonly funded: bigint;
  readonly claimed: bigint;
  /** Sum of all cumulative payouts of the newest settlement. */
  readonly promised: bigint;
  /** Put up with requests that are open. */
  readonly bonds: bigint;
}

/** Money in the federation's contracts. */
export function tokenTotals(view: FederationView): TokenTotals {
  const miners = [...view.miners.values()];
  return {
    staked: miners.reduce((sum, miner) => sum + miner.stake, 0n),
    unbonding: miners.reduce((sum, miner) => sum + miner.unbonding, 0n),
    funded: view.funded,
    claimed: view.claimed,
    promised: view.settlements.get(view.latestSettlement)?.total ?? 0n,
    bonds: view.bonds,
  };
}

/** Addresses of all clients that ever registered, ascending. */
export function clientAddresses(view: FederationView): Hex[] {
  return [...view.clients.values()]
    .filter(({ terms }) => terms.length > 0)
    .map(({ client }) => client)
    .sort(compareHex);
}
