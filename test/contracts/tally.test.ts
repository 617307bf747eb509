import { expect } from "chai";
import { type Federation, fixture, ONE, SLOT } from "./support/federation.ts";
import {
  type Content,
  content,
  type Opinion,
  order,
  propose,
  signerOf,
  sorted,
  type Vote,
  vote,
} from "./support/round.ts";

// One letter per miner, in seat order: y yes, 8 yes with confidence 8,000, n no, - silent. Two letters: on two candidates.
interface Case {
  name: string;
  stakes: number[];
  votes: string[];
  outcome: "agreed" | "failed" | "undecided";
  winner?: number;
}

const T = 1_000;
const OPINIONS: Record<string, Opinion | undefined> = {
  y: { support: true },
  "8": { support: true, confidence: 8_000 },
  n: { support: false },
  "-": undefined,
};

/** One candidate signed by primary and secondary. */
const JOINT: Case[] = [
  { name: "two of two yes", stakes: [T, T], votes: ["y", "y"], outcome: "agreed" },
  { name: "two: one silent", stakes: [T, T], votes: ["y", "-"], outcome: "undecided" },
  { name: "two: one always no", stakes: [T, T], votes: ["y", "n"], outcome: "failed" },
  { name: "two: nobody voted", stakes: [T, T], votes: ["-", "-"], outcome: "undecided" },
  { name: "two: both no", stakes: [T, T], votes: ["n", "n"], outcome: "failed" },
  { name: "two: both without an evaluator (80 %)", stakes: [T, T], votes: ["8", "8"], outcome: "agreed" },
  { name: "two: 69 % of the weight alone", stakes: [6_900, 3_100], votes: ["y", "-"], outcome: "undecided" },
  { name: "two: 69 % yes, the other no", stakes: [6_900, 3_100], votes: ["y", "n"], outcome: "undecided" },
  { name: "three of three", stakes: [T, T, T], votes: ["y", "y", "y"], outcome: "agreed" },
  { name: "three: one silent (66.7 %)", stakes: [T, T, T], votes: ["y", "y", "-"], outcome: "undecided" },
  { name: "three: one no", stakes: [T, T, T], votes: ["y", "y", "n"], outcome: "failed" },
  { name: "three: exactly 67 %", stakes: [3_400, 3_300, 3_300], votes: ["y", "y", "-"], outcome: "agreed" },
  {
    name: "three: just below 67 %",
    stakes: [3_399, 3_300, 3_301],
    votes: ["y", "y", "-"],
    outcome: "undecided",
  },
  { name: "four: any three", stakes: [T, T, T, T], votes: ["y", "-", "y", "y"], outcome: "agreed" },
  { name: "four: one lies", stakes: [T, T, T, T], votes: ["y", "n", "y", "y"], outcome: "agreed" },
  {
    name: "four: three at 80 % (60 %)",
    stakes: [T, T, T, T],
    votes: ["8", "8", "8", "-"],
    outcome: "undecided",
  },
  { name: "four: two no", stakes: [T, T, T, T], votes: ["y", "n", "y", "n"], outcome: "failed" },
  { name: "four: two silent", stakes: [T, T, T, T], votes: ["y", "-", "y", "-"], outcome: "undecided" },
  { name: "five: one silent", stakes: [T, T, T, T, T], votes: ["y", "y", "y", "y", "-"], outcome: "agreed" },
  {
    name: "five: one always no",
    stakes: [T, T, T, T, T],
    votes: ["y", "y", "y", "y", "n"],
    outcome: "agreed",
  },
  {
    name: "five: two silent",
    stakes: [T, T, T, T, T],
    votes: ["y", "y", "y", "-", "-"],
    outcome: "undecided",
  },
  { name: "five: two no", stakes: [T, T, T, T, T], votes: ["y", "y", "y", "n", "n"], outcome: "failed" },
];

/** Candidate 0 by one proposer, candidate 1 by the other; votes name both. Seats: proposers first. */
const RIVALS: Case[] = [
  {
    name: "both valid: the primary's wins",
    stakes: [T, T, T, T],
    votes: ["yy", "yy", "yy", "yy"],
    outcome: "agreed",
    winner: 0,
  },
  {
    name: "the primary's is wrong",
    stakes: [T, T, T, T],
    votes: ["yn", "ny", "ny", "ny"],
    outcome: "agreed",
    winner: 1,
  },
  { name: "each for its own", stakes: [T, T, T, T], votes: ["yn", "ny", "yn", "ny"], outcome: "failed" },
  { name: "two: each for its own", stakes: [T, T], votes: ["yn", "ny"], outcome: "failed" },
  { name: "two: the primary's pending", stakes: [T, T], votes: ["yy", "-y"], outcome: "undecided" },
];

/** One candidate signed by the first seat listed alone, after the secondary's slot. */
const SOLE: Case[] = [
  {
    name: "69 % and a yes of the others' minority",
    stakes: [6_900, 1_550, 1_550],
    votes: ["y", "y", "-"],
    outcome: "undecided",
  },
  { name: "69 % and all others", stakes: [6_900, 1_550, 1_550], votes: ["y", "y", "y"], outcome: "agreed" },
  {
    name: "69 % and more than half of the others",
    stakes: [6_900, 1_600, 1_500],
    votes: ["y", "y", "-"],
    outcome: "agreed",
  },
  { name: "69 % alone", stakes: [6_900, 1_550, 1_550], votes: ["y", "-", "-"], outcome: "undecided" },
  {
    name: "69 % against all others",
    stakes: [6_900, 1_550, 1_550],
    votes: ["y", "n", "n"],
    outcome: "undecided",
  },
  {
    name: "others' 51 % at confidence 80 %",
    stakes: [6_900, 1_600, 1_500],
    votes: ["y", "8", "-"],
    outcome: "undecided",
  },
  { name: "two: both", stakes: [T, T], votes: ["y", "y"], outcome: "agreed" },
];

async function signedVotes(f: Federation, test: Case, seatOf: (index: number) => string) {
  const votes = [];
  for (const [i, letters] of test.votes.entries()) {
    for (const [candidateIndex, letter] of [...letters].entries()) {
      const opinion = OPINIONS[letter];
      if (opinion) votes.push(await vote(f, signerOf(f, seatOf(i)), { ...opinion, candidateIndex }));
    }
  }
  return sorted(votes);
}

/** Settles with `votes`; `content` is that of the candidate expected to win. */
async function expectOutcome(f: Federation, test: Case, votes: Vote[], content: Content) {
  const round = await f.consensus.currentRound();
  const settle = f.consensus.settle(round, votes, content);
  if (test.outcome === "undecided") {
    await expect(settle).to.be.revertedWithCustomError(f.consensus, "Undecided");
    return;
  }
  const event = test.outcome === "agreed" ? "RoundAgreed" : "RoundFailed";
  await expect(settle).to.emit(f.consensus, event);
  if (test.outcome === "agreed") expect((await f.consensus.head()).modelRoot).to.equal(content.modelRoot);
  expect(await f.consensus.statusOf(round)).to.equal(test.outcome === "agreed" ? 2n : 3n);
}

const owners = async (f: Federation) => (await f.minerRegistry.roster()).map((s) => s.owner);

describe("tally: one candidate of both proposers", () => {
  for (const test of JOINT) {
    it(`${test.name}: ${test.outcome}`, async () => {
      const f = await fixture({ stakes: test.stakes.map((s) => BigInt(s) * ONE), clients: 1 });
      const c = content("joint");
      await propose(f, c);
      const seats = await owners(f);
      const votes = await signedVotes(f, test, (i) => seats[i]!);
      await expectOutcome(f, test, votes, c);
    });
  }
});

describe("tally: rival candidates", () => {
  for (const test of RIVALS) {
    it(`${test.name}: ${test.outcome}`, async () => {
      const f = await fixture({ stakes: test.stakes.map((s) => BigInt(s) * ONE), clients: 1 });
      const rivals = [content("of the primary"), content("of the secondary")];
      // The secondary posts first: rank decides, not the order of posting.
      await propose(f, rivals[1]!, [1]);
      await propose(f, rivals[0]!, [0]);
      const drawn = (await order(f)).map((s) => s.address);
      const swap = test.votes.map((letters) => [...letters].reverse().join(""));
      const votes = await signedVotes(f, { ...test, votes: swap }, (i) => drawn[i]!);
      const winner = rivals[test.winner ?? 0]!;
      await expectOutcome(f, test, votes, winner);
    });
  }
});

describe("tally: a proposer alone", () => {
  for (const test of SOLE) {
    it(`${test.name}: ${test.outcome}`, async () => {
      const f = await fixture({ stakes: test.stakes.map((s) => BigInt(s) * ONE), clients: 1 });
      const seats = await owners(f);
      const rank = (await order(f)).findIndex((s) => s.address === seats[0]);
      const info = await f.lens.roundInfo(1n);
      const c = content("alone");
      if (rank < 2) {
        await propose(f, c, [rank]);
        await f.helpers.time.increaseTo(info.proposeDeadline + 1n);
      } else {
        await f.helpers.time.increaseTo(info.proposeDeadline + SLOT * BigInt(rank - 2) + 1n);
        await propose(f, c, [rank]);
      }
      const votes = await signedVotes(f, test, (i) => seats[i]!);
      await expectOutcome(f, test, votes, c);
    });
  }
});
