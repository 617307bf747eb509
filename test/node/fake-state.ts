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
}): FakeRound {
  const { round, now, head, parameters, won, scores } = opening;
  const { collectMin, collectMax, proposeSlot } = parameters;
  return {
    round,
    status: "open",
    openingHash: `0x${(0xabc000n + round).toString(16).padStart(64, "0")}`,
    baseRoot: head.modelRoot,
    baseCid: head.modelCid,
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
    }),
  }));
}
