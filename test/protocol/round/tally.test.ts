import { expect } from "chai";
import fc from "fast-check";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import {
  mayFollow,
  type Outcome,
  tally,
  type WeighedVote,
  winner,
} from "../../../coordinator/protocol/round/tally.ts";

const address = (i: number): Hex => `0x${(i + 1).toString(16).padStart(40, "0")}`;

/** One row: weights, votes ("y" yes, "p" yes with 8,000, "n" no, "-" silent), signers, what follows. */
type Row = readonly [
  name: string,
  weights: readonly number[],
  votes: string,
  signers: readonly number[],
  Outcome,
];

function judge(weights: readonly number[], votes: string, signers: readonly number[]) {
  const cast = [...votes].flatMap((vote, i): WeighedVote[] => {
    if (vote === "-") return [];
    const confidence = vote === "p" ? 8_000 : 10_000;
    return [{ miner: address(i), support: vote !== "n", confidence, weight: BigInt(weights[i]!) }];
  });
  return tally({
    votes: cast,
    signers: signers.map((i) => ({ miner: address(i), weight: BigInt(weights[i]!) })),
    activeWeight: BigInt(weights.reduce((sum, weight) => sum + weight, 0)),
  });
}

const ROWS: readonly Row[] = [
  ["nobody active", [], "", [], "disagreed"],
  ["one miner alone never agrees", [100], "y", [0], "pending"],
  ["one miner against itself", [100], "n", [0], "disagreed"],
  ["two: both yes", [100, 100], "yy", [0, 1], "agreed"],
  ["two: both yes, one signer", [100, 100], "yy", [0], "agreed"],
  ["two: one silent", [100, 100], "y-", [0, 1], "pending"],
  ["two: one no", [100, 100], "yn", [0, 1], "disagreed"],
  ["two: both without evaluator", [100, 100], "pp", [0, 1], "agreed"],
  ["two: a proposer with 69 % alone", [69, 31], "y-", [0], "pending"],
  ["two: a proposer with 69 %, the other says no", [69, 31], "yn", [0], "pending"],
  ["two: 69 % signed by both, the other says no", [69, 31], "yn", [0, 1], "pending"],
  ["three: all yes", [100, 100, 100], "yyy", [0, 1], "agreed"],
  ["three: one silent", [100, 100, 100], "yy-", [0, 1], "pending"],
  ["three: one always says no", [100, 100, 100], "yyn", [0, 1], "disagreed"],
  ["three: all without evaluator", [100, 100, 100], "ppp", [0, 1], "agreed"],
  ["three: a proposer with 69 % and one friend of a tenth", [69, 10, 21], "yy-", [0], "pending"],
  ["three: a proposer with 69 % and the larger other", [69, 10, 21], "y-y", [0], "agreed"],
  ["three: a sole proposer and exactly half of the others", [68, 16, 16], "yy-", [0], "pending"],
  ["four: all yes", [100, 100, 100, 100], "yyyy", [0, 1], "agreed"],
  ["four: one silent", [100, 100, 100, 100], "yyy-", [0, 1], "agreed"],
  ["four: one always says no", [100, 100, 100, 100], "yyyn", [0], "agreed"],
  ["four: one silent and one without evaluator", [100, 100, 100, 100], "yyp-", [0, 1], "agreed"],
  ["four: one silent and two without evaluator", [100, 100, 100, 100], "ypp-", [0, 1], "pending"],
  ["three: two against one that missed a round", [100, 100, 95], "yyn", [0, 1], "agreed"],
  ["four: one no and two without evaluator", [100, 100, 100, 100], "yppn", [0, 1], "disagreed"],
  ["four: two no", [100, 100, 100, 100], "yynn", [0, 1], "disagreed"],
  ["five: four yes", [100, 100, 100, 100, 100], "yyyy-", [0, 1], "agreed"],
  ["five: three yes are 60 %", [100, 100, 100, 100, 100], "yyy--", [0, 1], "pending"],
  ["five: two no leave 60 %", [100, 100, 100, 100, 100], "yyynn", [0, 1], "disagreed"],
  ["five: a proposer with 69 % and no friend", [690, 80, 80, 80, 70], "ynnnn", [0], "pending"],
  ["five: a proposer with 69 % and two of four others", [690, 80, 80, 75, 75], "yyy--", [0], "agreed"],
  ["exactly 67 %", [67, 33], "y", [], "pending"],
  ["exactly 67 % by two", [60, 7, 33], "yy-", [0, 1], "agreed"],
  ["a hair below 67 %", [600, 69, 331], "yy-", [0, 1], "pending"],
  ["67 % just in reach", [67, 33], "-n", [], "pending"],
  ["67 % just out of reach", [669, 331], "-n", [], "disagreed"],
];

describe("tally", () => {
  for (const [name, weights, votes, signers, outcome] of ROWS)
    it(`${name}: ${outcome}`, () => expect(judge(weights, votes, signers).outcome).to.equal(outcome));

  it("rounds the ratio down, over all active weight", () => {
    expect(judge([1, 1, 1], "yy-", [0, 1]).ratioBps).to.equal(6_666);
    expect(judge([100, 100, 100, 100], "ypp-", [0, 1]).ratioBps).to.equal(6_500);
  });

  const weighed = fc.array(
    fc.record({
      weight: fc.bigInt({ min: 0n, max: 10n ** 24n }),
      vote: fc.constantFrom("yes", "no", "silent"),
      confidence: fc.integer({ min: 8_000, max: 10_000 }),
    }),
    { minLength: 1, maxLength: 7 },
  );
  type Miner = { weight: bigint; vote: string; confidence: number };
  const inputOf = (miners: readonly Miner[], signers: number) => ({
    votes: miners.flatMap(({ weight, vote, confidence }, i) =>
      vote === "silent"
        ? []
        : [
            {
              miner: address(i),
              weight,
              support: vote === "yes",
              confidence: vote === "yes" ? confidence : 10_000,
            },
          ],
    ),
    signers: miners.slice(0, signers).map(({ weight }, i) => ({ miner: address(i), weight })),
    activeWeight: miners.reduce((sum, { weight }) => sum + weight, 0n),
  });

  it("does not depend on the order of the votes", () => {
    fc.assert(
      fc.property(weighed, fc.integer({ min: 1, max: 2 }), (miners, signers) => {
        const input = inputOf(miners, signers);
        expect(tally({ ...input, votes: input.votes.toReversed() })).to.deep.equal(tally(input));
      }),
    );
  });

  it("never takes back a decision when a silent miner votes", () => {
    fc.assert(
      fc.property(weighed, fc.boolean(), (miners, support) => {
        const before = tally(inputOf(miners, 1)).outcome;
        const voted = miners.map((miner) =>
          miner.vote === "silent" ? { ...miner, vote: support ? "yes" : "no" } : miner,
        );
        const after = tally(inputOf(voted, 1)).outcome;
        if (before !== "pending") expect(after).to.equal(before);
      }),
    );
  });

  it("agrees only with two yes and 67 % of all weight", () => {
    fc.assert(
      fc.property(weighed, fc.integer({ min: 1, max: 2 }), (miners, signers) => {
        const { outcome, yesMiners, ratioBps } = tally(inputOf(miners, signers));
        if (outcome !== "agreed") return;
        expect(yesMiners).to.be.at.least(2);
        expect(ratioBps).to.be.at.least(6_700);
      }),
    );
  });

  it("stays the same when all weights grow alike", () => {
    fc.assert(
      fc.property(weighed, fc.bigInt({ min: 1n, max: 10n ** 9n }), (miners, factor) => {
        const grown = miners.map((miner) => ({ ...miner, weight: miner.weight * factor }));
        expect(tally(inputOf(grown, 2)).outcome).to.equal(tally(inputOf(miners, 2)).outcome);
      }),
    );
  });
});

describe("a lone miner", () => {
  const alone = (support: boolean, struck = false, voters = 1) =>
    tally({
      votes: [{ miner: address(0), support, confidence: 8_000, weight: 100n }],
      signers: [{ miner: address(0), weight: 100n }],
      activeWeight: 100n,
      struck,
      voters,
    }).outcome;

  it("decides a provisional model, by its yes alone and not one proven wrong", () => {
    expect([alone(true), alone(false), alone(true, true)]).to.deep.equal([
      "degraded",
      "disagreed",
      "disagreed",
    ]);
  });

  it("is one whose vote counts and no other's", () => {
    expect(alone(true, false, 2)).to.equal("pending");
  });

  it("has the winner of the lowest rank", () => {
    const ranked = [1, 0].map((rank) => ({ rank, outcome: "degraded" as const }));
    expect(winner(ranked)!.rank).to.equal(0);
  });
});

describe("the winner", () => {
  it("is the agreed candidate of the lowest rank, in whatever order they were posted", () => {
    const candidates = [
      { rank: 2, outcome: "agreed" },
      { rank: 1, outcome: "agreed" },
      { rank: 0, outcome: "disagreed" },
    ] as const;
    expect(winner(candidates)).to.equal(candidates[1]);
    expect(winner(candidates.toReversed())).to.equal(candidates[1]);
  });

  it("is nobody if no candidate is agreed", () => {
    expect(winner([{ rank: 0, outcome: "pending" }] as const)).to.equal(undefined);
  });
});

describe("a second vote on a candidate", () => {
  it("counts only if it is the yes that replaces a no about withheld data", () => {
    const withheld = { support: false, reason: 3 };
    const [no, yes] = [
      { support: false, reason: 4 },
      { support: true, reason: 0 },
    ];
    expect(mayFollow(withheld, yes)).to.equal(true);
    for (const [cast, vote] of [
      [withheld, no],
      [no, yes],
      [yes, no],
      [yes, yes],
      [{ support: false }, yes],
    ] as const)
      expect(mayFollow(cast, vote), JSON.stringify([cast, vote])).to.equal(false);
  });
});
