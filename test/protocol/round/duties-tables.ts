import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import {
  FREEZE_AFTER_BLOCKS,
  type MinerFacts,
  type RoundFacts,
} from "../../../coordinator/protocol/round/duties.ts";
import { REASON } from "../../../coordinator/protocol/round/messages.ts";
import { alone, C1, C2, ended, miner, outcomes, own, POSTED, ROUND, voted } from "./duties-facts.ts";

export type Row = readonly [string, RoundFacts | undefined, Partial<MinerFacts>, readonly string[]];

const two: RoundFacts = {
  ...POSTED,
  candidates: [
    { id: C1, rank: 0, signers: [miner(1)] },
    { id: C2, rank: 1, signers: [miner(2)] },
  ],
};
const withheld = voted(C1, { support: false, reason: REASON.withheld });

/** Situations, and the duties that follow, as {@link Row}s. */
export const TABLES: Readonly<Record<string, readonly Row[]>> = {
  opening: [
    ["no round yet", undefined, {}, ["openRound after 0"]],
    ["no round yet, third miner", undefined, { turn: 2 }, ["openRound after 2"]],
    ["one active miner", undefined, { activeMiners: 1 }, []],
    ["after a failure", { ...ROUND, status: "failed" }, {}, ["openRound after 0"]],
    ["agreed and not opened", ended(), {}, ["openRound after 0"]],
  ],
  collecting: [
    ["before the minimum", ROUND, { time: 102 }, []],
    ["after the minimum, all there", ROUND, { time: 103 }, ["propose primary until 130"]],
    ["after the minimum, one missing", ROUND, { time: 103, updates: 2 }, []],
    ["after the maximum, one there", ROUND, { time: 120, updates: 1 }, ["propose primary until 130"]],
    ["after the maximum, none there", ROUND, { time: 120, updates: 0 }, []],
  ],
  proposing: [
    ["secondary", ROUND, { self: miner(2) }, ["propose secondary until 130"]],
    [
      "in upper case",
      ROUND,
      { self: miner(2).toUpperCase().replace("X", "x") as Hex },
      ["propose secondary until 130"],
    ],
    ["last second of the slot", ROUND, { time: 130 }, ["propose primary until 130"]],
    ["slot over", ROUND, { time: 131 }, []],
    ["not drawn", ROUND, { self: miner(9) }, []],
    ["order not known", { ...ROUND, order: null }, {}, []],
    ["reserve, too early", ROUND, { self: miner(3), time: 129 }, []],
    ["reserve, in its slot", ROUND, { self: miner(3), time: 131 }, ["propose reserve until 140"]],
    ["second reserve, in the first's slot", ROUND, { self: miner(4), time: 135 }, []],
    ["second reserve, in its slot", ROUND, { self: miner(4), time: 145 }, ["propose reserve until 150"]],
    [
      "reserve, a candidate is posted",
      { ...alone, voteUntil: 140 },
      { self: miner(3), time: 121, ownVotes: own },
      [],
    ],
    ["partner posted alone", alone, { self: miner(2), ownVotes: own }, ["propose secondary until 130"]],
    [
      "partner posted alone, no updates here",
      alone,
      { self: miner(2), updates: 0, ownVotes: own },
      ["propose secondary until 130"],
    ],
    ["signed already", POSTED, { ownVotes: own }, []],
  ],
  voting: [
    ["not voted", POSTED, {}, ["vote c1"]],
    ["voted", POSTED, { ownVotes: own }, []],
    ["voted no", POSTED, { ownVotes: voted(C1, { support: false, reason: REASON.score }) }, []],
    ["said withheld: looks again", POSTED, { ownVotes: withheld }, ["vote c1"]],
    ["two candidates, one voted", two, { ownVotes: own }, ["vote c2"]],
    ["in the grace, not voted", POSTED, { time: 123 }, ["vote c1"]],
    ["after the grace", POSTED, { time: 126, outcomes: outcomes([C1, "agreed"]) }, ["settle after 0"]],
  ],
  casting: [
    ["before the deadline", POSTED, { time: 120, ownVotes: own }, []],
    ["in the grace", POSTED, { time: 121, ownVotes: own }, ["castVote c1"]],
    [
      "in the grace, on chain already",
      { ...POSTED, castVotes: [{ miner: miner(1), candidate: C1 }] },
      { time: 121, ownVotes: own },
      [],
    ],
    ["after the grace", POSTED, { time: 126, ownVotes: own }, ["failRound after 0"]],
    [
      "nobody could be told",
      POSTED,
      { time: 118, ownVotes: own, undelivered: new Set([C1]) },
      ["castVote c1"],
    ],
    ["nobody could be told, early", POSTED, { time: 112, ownVotes: own, undelivered: new Set([C1]) }, []],
    [
      "left out of the settlement",
      ended({ settledVoters: [miner(2)] }),
      { time: 115, ownVotes: own },
      ["openRound after 0", "castVote c1"],
    ],
    [
      "in the settlement",
      ended({ settledVoters: [miner(1)] }),
      { time: 115, ownVotes: own },
      ["openRound after 0"],
    ],
    [
      "left out, too late",
      ended({ settledVoters: [miner(2)] }),
      { time: 121, ownVotes: own },
      ["openRound after 0"],
    ],
  ],
  settling: [
    ["pending", POSTED, { ownVotes: own, outcomes: outcomes([C1, "pending"]) }, []],
    [
      "agreed, all voted",
      POSTED,
      { ownVotes: own, outcomes: outcomes([C1, "agreed"]), allVoted: true },
      ["settle after 0"],
    ],
    [
      "agreed, one missing",
      POSTED,
      { ownVotes: own, outcomes: outcomes([C1, "agreed"]) },
      ["settle after 2"],
    ],
    [
      "agreed, all voted, rank 2",
      POSTED,
      { self: miner(3), ownVotes: own, outcomes: outcomes([C1, "agreed"]), allVoted: true },
      ["settle after 2"],
    ],
    [
      "agreed, but the secondary may still post",
      alone,
      { ownVotes: own, outcomes: outcomes([C1, "agreed"]), allVoted: true },
      [],
    ],
    [
      "agreed, the secondary's slot is over",
      { ...alone, voteUntil: 135, graceUntil: 140 },
      { time: 131, ownVotes: own, outcomes: outcomes([C1, "agreed"]), allVoted: true },
      ["settle after 0"],
    ],
    [
      "disagreed",
      POSTED,
      { ownVotes: own, outcomes: outcomes([C1, "disagreed"]), allVoted: true },
      ["settle after 0"],
    ],
    [
      "disagreed by a withheld no",
      POSTED,
      { ownVotes: own, outcomes: outcomes([C1, "disagreed"]), allVoted: true, replaceable: new Set([C1]) },
      [],
    ],
    [
      "disagreed by a withheld no, window over",
      { ...POSTED, castVotes: [{ miner: miner(1), candidate: C1 }] },
      { time: 121, ownVotes: own, outcomes: outcomes([C1, "disagreed"]), replaceable: new Set([C1]) },
      ["settle after 0"],
    ],
    [
      "the secondary's agreed, the primary's pending",
      two,
      { ownVotes: new Map([...own, ...voted(C2)]), outcomes: outcomes([C1, "pending"], [C2, "agreed"]) },
      [],
    ],
    [
      "the primary's agreed, the secondary's pending",
      two,
      {
        ownVotes: new Map([...own, ...voted(C2)]),
        outcomes: outcomes([C1, "agreed"], [C2, "pending"]),
        allVoted: true,
      },
      ["settle after 0"],
    ],
    [
      "the secondary's agreed, the primary's lost",
      two,
      {
        ownVotes: new Map([...own, ...voted(C2)]),
        outcomes: outcomes([C1, "disagreed"], [C2, "agreed"]),
        allVoted: true,
      },
      ["settle after 0"],
    ],
    [
      "the secondary's agreed, the primary's pending after the grace",
      { ...two, proposeUntil: 112 },
      {
        time: 126,
        ownVotes: new Map([...own, ...voted(C2)]),
        outcomes: outcomes([C1, "pending"], [C2, "agreed"]),
      },
      ["settle after 0"],
    ],
    [
      "one lost, one pending",
      two,
      {
        ownVotes: new Map([...own, ...voted(C2)]),
        outcomes: outcomes([C1, "disagreed"], [C2, "pending"]),
        allVoted: true,
      },
      [],
    ],
  ],
  failing: [
    ["no candidate, slots not over", { ...ROUND }, { time: 150, self: miner(9) }, []],
    ["no candidate, slots over", ROUND, { time: 151 }, ["failRound after 0"]],
    ["no candidate, slots over, secondary", ROUND, { time: 151, self: miner(2) }, ["failRound after 1"]],
    ["no candidate, nobody sent anything", ROUND, { time: 999, updates: 0 }, []],
    [
      "no candidate, a client came too late",
      ROUND,
      { time: 999, updates: 0, refusedUpload: true },
      ["failRound after 0"],
    ],
    ["pending after the grace", POSTED, { time: 126, ownVotes: own }, ["failRound after 0"]],
    ["pending in the grace", POSTED, { time: 125, ownVotes: own, self: miner(9) }, ["castVote c1"]],
    [
      "agreed after the grace, but the secondary may still post",
      alone,
      { time: 126, ownVotes: own, outcomes: outcomes([C1, "agreed"]) },
      [],
    ],
  ],
  freezing: [
    [
      "the seed before its block hash is forgotten",
      { ...ROUND, seedFrozen: false },
      { time: 102, blockNumber: 10 + FREEZE_AFTER_BLOCKS },
      ["freezeSeed after 0"],
    ],
    ["not early", { ...ROUND, seedFrozen: false }, { time: 102, blockNumber: 9 + FREEZE_AFTER_BLOCKS }, []],
    ["not twice", ROUND, { time: 102, blockNumber: 999 }, []],
    [
      "even if the order is not known",
      { ...ROUND, order: null, seedFrozen: false },
      { time: 102, blockNumber: 999, turn: 3 },
      ["freezeSeed after 3"],
    ],
  ],
};
