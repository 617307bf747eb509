import type {
  ChainParameters,
  ClientRecord,
  Federation,
  Head,
  MinerRecord,
  RoundView,
} from "../../coordinator/ports/chain.ts";
import type { Clock } from "../../coordinator/ports/clock.ts";
import type { Recoverer } from "../../coordinator/ports/signer.ts";
import type { VoteMessage } from "../../coordinator/ports/transport.ts";
import { type Hex, sameHex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import type { Candidate } from "../../coordinator/protocol/round/messages.ts";
import { tally } from "../../coordinator/protocol/round/tally.ts";

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };
/** A round with its votes. */
export type FakeRound = Mutable<RoundView> & { votes: Map<string, VoteMessage> };

export const DEMO_PARAMETERS: ChainParameters = {
  collectMin: 3,
  collectMax: 20,
  proposeSlot: 10,
  voteWindow: 10,
  voteGrace: 5,
  challengeWindow: 15,
  answerTime: 10,
  minRoundInterval: 1,
  roundBudget: 1_000n,
};

export interface FakeChainOptions {
  readonly clock: Clock;
  readonly recoverer: Recoverer;
  readonly federation: Federation;
  readonly miners: MinerRecord[];
  readonly clients: ClientRecord[];
  readonly parameters?: Partial<ChainParameters>;
  /** Ranks of a round's miners; ascending by address if not given. */
  readonly order?: (round: bigint, miners: readonly Hex[]) => readonly Hex[];
}

/** A transaction the fake chain accepted or refused. */
export interface FakeTransaction {
  readonly from: Hex;
  readonly method: string;
  readonly round: bigint;
  readonly refused?: string;
}

export function slotName({ miner, vote }: VoteMessage): string {
  return `${miner}:${vote.candidate}`.toLowerCase();
}

export function unknown(round: bigint): never {
  throw new QuorateError("ROUND_UNKNOWN", `there is no round ${round}`, { round });
}

export function revert(name: string): QuorateError {
  return new QuorateError(`CONTRACT_${name}`, `the fake contract reverted with ${name}`);
}

/** A round as an opening at `now` makes it. */
export function newRound(opening: {
  readonly round: bigint;
  readonly now: number;
  readonly block: number;
  readonly head: Head;
  readonly parameters: ChainParameters;
  readonly order: readonly Hex[];
  readonly activeWeight: bigint;
  readonly clients: number;
  readonly won: Candidate | undefined;
  readonly scores: readonly number[];
  readonly standsOn: readonly bigint[];
}): FakeRound {
  const { round, now, head, parameters, won, scores, standsOn } = opening;
  const { collectMin, collectMax, proposeSlot } = parameters;
  return {
    round,
    status: "open",
    openingHash: `0x${(0xabc000n + round).toString(16).padStart(64, "0")}`,
    baseRoot: head.modelRoot,
    baseCid: head.modelCid,
    standsOn,
    payoutsRound: won?.round ?? 0n,
    openedAt: now,
    openedInBlock: opening.block,
    collectMinUntil: now + collectMin,
    collectMaxUntil: now + collectMax,
    expectedUpdates: won?.updateCount ?? opening.clients,
    proposeUntil: now + collectMax + proposeSlot,
    proposeSlot,
    voteUntil: null,
    graceUntil: null,
    activeWeight: opening.activeWeight,
    order: opening.order,
    seedFrozen: false,
    candidates: [],
    castVotes: [],
    payoutsRoot: won?.payoutsRoot ?? ZERO_HASH,
    payoutsTotal: won?.payoutsTotal ?? 0n,
    bestRecentScore: scores.length > 0 ? Math.max(...scores) : null,
    final: false,
    votes: new Map(),
  };
}

/** Seats and weights change at an opening. */
export function applyQueue(miners: MinerRecord[]): readonly MinerRecord[] {
  for (const [i, record] of miners.entries())
    if (record.activeNext !== undefined && record.activeNext !== record.active)
      miners[i] = { ...record, active: record.activeNext, weight: record.activeNext ? record.stake : 0n };
  return miners.filter(({ active }) => active);
}

export function isLone(miners: readonly MinerRecord[]): boolean {
  return miners.filter(({ active }) => active).length === 1;
}

/** Somebody gets a seat at the next opening. */
export function isReturning(miners: readonly MinerRecord[]): boolean {
  return miners.some(({ active, activeNext }) => activeNext && !active);
}

/** A lone miner's round may be failed at any time while another returns. */
export function givesWay(miners: readonly MinerRecord[]): boolean {
  return isLone(miners) && isReturning(miners);
}

/** Voids what waits to be ratified; the last agreed model, if anything did. */
export function voidDegraded(rounds: readonly FakeRound[]): Head | undefined {
  const [first, ...more] = waiting(rounds);
  if (!first) return undefined;
  for (const round of [first, ...more]) round.status = "voided";
  return { round: first.payoutsRound ?? 0n, modelRoot: first.baseRoot, modelCid: first.baseCid };
}

/** Degraded rounds that wait to be ratified. */
export function waiting(rounds: readonly FakeRound[]): FakeRound[] {
  return rounds.filter(({ status }) => status === "degraded");
}

export function winnerOf({ candidates, winner }: FakeRound) {
  return candidates.find(({ id }) => id === winner);
}

/** What a new round takes from those before it. */
export function pastOf(rounds: readonly FakeRound[], number: bigint) {
  const agreed = rounds.filter(({ status }) => status === "agreed");
  const last = agreed.at(-1);
  const recent = agreed.filter(({ round }) => number - round <= 8n);
  return {
    won: last && winnerOf(last)?.candidate,
    standsOn: waiting(rounds).map(({ round }) => round),
    scores: recent.map((round) => winnerOf(round)!.candidate.validationScore),
  };
}

/** Every candidate of a round with its tally. */
export function outcomesOf(view: FakeRound, votes: readonly VoteMessage[], miners: readonly MinerRecord[]) {
  const weightOf = (miner: Hex) => miners.find((record) => sameHex(record.miner, miner))?.weight ?? 0n;
  return view.candidates.map((posted) => ({
    posted,
    rank: posted.rank,
    ...tally({
      votes: votes
        .filter(({ vote }) => sameHex(vote.candidate, posted.id))
        .map(({ miner, vote }) => ({ miner, weight: weightOf(miner), ...vote })),
      signers: posted.signers.map((miner) => ({ miner, weight: weightOf(miner) })),
      activeWeight: view.activeWeight,
      voters: miners.filter(({ active, weight }) => active && weight > 0n).length,
    }),
  }));
}
