import type { RoundFacts } from "../../../coordinator/protocol/round/duties.ts";
import { alone, C1, ended, miner, outcomes, own, ROUND } from "./duties-facts.ts";
import type { Row } from "./duties-tables.ts";

const single: RoundFacts = { ...ROUND, order: [miner(1)] };
const lone = { alone: true, activeMiners: 1 } as const;
const degraded: RoundFacts = { ...ended(), status: "degraded" };
const rounds = (count: number) => Array.from({ length: count }, (_, k) => BigInt(k + 1));

/** A miner that is alone, and one that returns to it. */
export const ALONE: Readonly<Record<string, readonly Row[]>> = {
  "opening alone": [
    ["alone, after a round", ended(), { activeMiners: 1 }, ["openRound after 0"]],
    ["alone, seven degraded before it", { ...degraded, standsOn: rounds(7) }, { activeMiners: 1 }, []],
    ["alone, after seven", { ...ended(), standsOn: rounds(7) }, { activeMiners: 1 }, ["openRound after 0"]],
    ["alone, after eight that failed", { ...ended(), standsOn: rounds(8) }, { activeMiners: 1 }, []],
    ["two, after eight", { ...degraded, standsOn: rounds(8) }, { activeMiners: 2 }, ["openRound after 0"]],
    ["nobody", degraded, { activeMiners: 0 }, []],
  ],
  "being alone": [
    ["proposes without a partner", single, lone, ["propose alone until 130"]],
    [
      "settles what it said yes to",
      { ...alone, order: [miner(1)] },
      { ...lone, allVoted: true, ownVotes: own, outcomes: outcomes([C1, "degraded"]) },
      ["settle after 0"],
    ],
    [
      "settles it after grace, too",
      { ...alone, order: [miner(1)], castVotes: [{ miner: miner(1), candidate: C1 }] },
      { ...lone, time: 126, ownVotes: own, outcomes: outcomes([C1, "degraded"]) },
      ["settle after 0"],
    ],
    [
      "lets one that began with two fail after eight",
      { ...alone, order: [miner(1), miner(2)], standsOn: rounds(8) },
      { ...lone, allVoted: true, time: 126, ownVotes: own, outcomes: outcomes([C1, "degraded"]) },
      ["failRound after 0"],
    ],
    ["gives way to one that returns", single, { ...lone, returning: true }, ["failRound after 0"]],
    [
      "with a candidate posted, too",
      { ...alone, order: [miner(1)] },
      { ...lone, returning: true, ownVotes: own, outcomes: outcomes([C1, "degraded"]) },
      ["failRound after 0"],
    ],
    ["two don't give way to a third", ROUND, { returning: true, updates: 0 }, []],
    [
      "proves no presence in what it decided",
      { ...degraded, settledVoters: [] },
      { activeMiners: 0, ownVotes: own },
      [],
    ],
  ],
};
