import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import {
  type ChainEvent,
  chainEvent,
  type EventArguments,
  type EventName,
} from "../../../coordinator/protocol/views/events.ts";

export const address = (n: number): Hex => `0x${n.toString(16).padStart(40, "0")}`;
export const word = (n: number): Hex => `0x${n.toString(16).padStart(64, "0")}`;
export const WAD = 10n ** 18n;

export const PARAMETERS: EventArguments["ParametersQueued"]["parameters"] = {
  collectMin: 3n,
  collectMax: 20n,
  proposeSlot: 10n,
  voteWindow: 10n,
  voteGrace: 5n,
  challengeWindow: 15n,
  answerTime: 10n,
  minRoundInterval: 1n,
  quorumBps: 6700n,
  minConfidenceBps: 8000n,
  reputationStart: 10_000n,
  reputationMin: 1000n,
  reputationMax: 20_000n,
  reputationGain: 1000n,
  reputationLoss: 500n,
  absenceLimit: 3n,
  roundBudget: 100n * WAD,
  minStake: 1000n * WAD,
  maxStake: 100_000n * WAD,
};

/** Writes a history: each event in a block of its own, ten seconds after the one before, unless told otherwise. */
export class History {
  readonly events: ChainEvent[] = [];
  #block = 0;

  /** Adds an event in a new block and transaction. */
  add<N extends EventName>(name: N, args: EventArguments[N]): this {
    this.#block += 1;
    return this.same(name, args);
  }

  /** Adds an event to the last transaction. */
  same<N extends EventName>(name: N, args: EventArguments[N]): this {
    const block = this.#block;
    const origin = {
      transaction: word(block),
      block,
      blockHash: word(1000 + block),
      time: 10 * block,
      logIndex: this.events.length,
    };
    this.events.push(chainEvent(name, args as unknown as Record<string, unknown>, origin));
    return this;
  }
}

/** Parameters, and miners 1 … n of 1,000 tokens each. */
export function foundation(miners: number): History {
  const history = new History();
  history
    .add("ParametersQueued", { parameters: PARAMETERS })
    .same("ParametersChanged", { parametersHash: word(7) });
  for (let n = 1; n <= miners; n++)
    history.add("MinerRegistered", {
      miner: address(n),
      key: address(100 + n),
      stake: 1000n * WAD,
      endpoint: `http://m${n}`,
    });
  return history;
}

/** The opening of a round; joins the miners first if it is the first one. */
export function opening(history: History, round: bigint, joins: readonly number[] = []): History {
  history.add("AllowListRequired", { required: false });
  for (const n of joins)
    history.same("MinerChanged", {
      miner: address(n),
      status: 2n,
      key: address(100 + n),
      weight: 1000n * WAD,
    });
  return history.same("RoundOpened", {
    round,
    openingHash: word(50),
    baseRoot: word(60),
    members: BigInt(joins.length),
    updateTarget: 3n,
  });
}

export const CONTENT: EventArguments["CandidatePosted"]["content"] = {
  modelRoot: word(1),
  modelCid: word(2),
  updatesHash: word(3),
  manifestCid: word(4),
  payoutsRoot: word(5),
  payoutsTotal: 100n * WAD,
  updateCount: 3n,
  totalSamples: 300n,
  validationScore: 5000n,
};

/** One vote with full confidence, and the reputation after it, as VotesCounted packs it. */
export function packedVote(miner: number, index: number, support: boolean, reputation = 11_000): bigint {
  const vote = (BigInt(index) << 24n) | (BigInt(support) << 16n) | 10_000n;
  return (BigInt(miner) << 96n) | (vote << 64n) | BigInt(reputation);
}

/** Settles a round with the votes of `voters` and opens the next one in the same transaction. */
export function settlement(
  history: History,
  round: bigint,
  voters: readonly number[],
  score = 5000n,
): History {
  const finalAt = 10n * BigInt(history.events.length) + 1000n;
  history
    .add("SeedFrozen", { round, seed: 5n, seedBlock: 4n })
    .same("CandidatePosted", {
      round,
      candidate: word(900 + Number(round)),
      index: 0n,
      content: { ...CONTENT, validationScore: score },
      signers: [address(1), address(2)],
      signatures: [word(1), word(2), word(3), word(4)],
    })
    .add("VotesCounted", { round, votes: voters.map((n) => packedVote(n, 0, true)) })
    .same("RoundAgreed", {
      round,
      candidate: word(900 + Number(round)),
      settlement: round,
      payoutsRoot: CONTENT.payoutsRoot,
      payoutsTotal: CONTENT.payoutsTotal * round,
      ratioBps: 10_000n,
      participationBps: 10_000n,
      finalAt,
    });
  return history.same("RoundOpened", {
    round: round + 1n,
    openingHash: word(51),
    baseRoot: CONTENT.modelRoot,
    members: 3n,
    updateTarget: 3n,
  });
}

/** Two settled rounds of three miners; the third miner missed the second one. */
export function twoRounds(): History {
  const first = settlement(opening(foundation(3), 1n, [1, 2, 3]), 1n, [1, 2, 3]);
  return settlement(first, 2n, [1, 2]);
}
