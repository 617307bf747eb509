import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import type { MinerFacts, RoundFacts } from "../../../coordinator/protocol/round/duties.ts";
import { REASON, type Vote } from "../../../coordinator/protocol/round/messages.ts";
import type { Outcome } from "../../../coordinator/protocol/round/tally.ts";

export const miner = (i: number): Hex => `0x${String(i).repeat(40)}`;
export const C1: Hex = `0x${"c1".repeat(32)}`;
export const C2: Hex = `0x${"c2".repeat(32)}`;

/** Opened at 100: collects until 103 or 120, first slot until 130, two reserves until 150. */
export const ROUND: RoundFacts = {
  status: "open",
  openedInBlock: 10,
  collectMinUntil: 103,
  collectMaxUntil: 120,
  expectedUpdates: 3,
  proposeUntil: 130,
  proposeSlot: 10,
  voteUntil: null,
  graceUntil: null,
  order: [miner(1), miner(2), miner(3), miner(4)],
  seedFrozen: true,
  candidates: [],
  castVotes: [],
};

/** A candidate of ranks 0 and 1 posted at 110: votes until 120, grace until 125. */
export const POSTED: RoundFacts = {
  ...ROUND,
  voteUntil: 120,
  graceUntil: 125,
  candidates: [{ id: C1, rank: 0, signers: [miner(1), miner(2)] }],
};

/** What a miner knows at 104 with three updates in its pool, and what is different. */
export const facts = (change: Partial<MinerFacts> = {}): MinerFacts => ({
  self: miner(1),
  turn: 0,
  activeMiners: 4,
  time: 104,
  blockNumber: 11,
  updates: 3,
  refusedUpload: false,
  ownVotes: new Map(),
  outcomes: new Map(),
  replaceable: new Set(),
  allVoted: false,
  undelivered: new Set(),
  ...change,
});

export const voted = (candidate: Hex, change: Partial<Vote> = {}): ReadonlyMap<string, Vote> =>
  new Map([
    [
      candidate,
      {
        round: 1n,
        openingHash: C1,
        candidate,
        support: true,
        confidence: 10_000,
        reason: REASON.none,
        reasonIndex: 0n,
        ...change,
      },
    ],
  ]);
export const outcomes = (...rows: [Hex, Outcome][]) => new Map<string, Outcome>(rows);

export const ended = (change: Partial<RoundFacts> = {}): RoundFacts => ({
  ...POSTED,
  status: "agreed",
  ...change,
});
export const alone: RoundFacts = { ...POSTED, candidates: [{ id: C1, rank: 0, signers: [miner(1)] }] };
export const own = voted(C1);
