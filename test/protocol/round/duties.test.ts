import { expect } from "chai";
import {
  collectOver,
  type Duty,
  dutiesOf,
  lastSlotEnd,
  type MinerFacts,
  type RoundFacts,
  rankOf,
  slotOf,
} from "../../../coordinator/protocol/round/duties.ts";
import { ALONE } from "./duties-alone.ts";
import { facts, miner, ROUND } from "./duties-facts.ts";
import { TABLES } from "./duties-tables.ts";

const TIMINGS = { stagger: 1, stragglers: 2 };

const duties = (round: RoundFacts | undefined, change: Partial<MinerFacts> = {}) =>
  dutiesOf(round, facts(change), TIMINGS).map(shortly);

/** A duty in a few words: "propose primary until 130", "settle after 2". */
function shortly(duty: Duty): string {
  if (duty.kind === "propose") return `propose ${duty.role} until ${duty.until}`;
  if (duty.kind === "vote" || duty.kind === "castVote") return `${duty.kind} ${duty.candidate.slice(2, 4)}`;
  return `${duty.kind} after ${duty.wait}`;
}

describe("duties of a miner", () => {
  for (const [part, rows] of Object.entries({ ...TABLES, ...ALONE }))
    describe(part, () => {
      for (const [name, round, change, expected] of rows)
        it(`${name}: ${expected.join(", ") || "nothing"}`, () =>
          expect(duties(round, change)).to.deep.equal(expected));
    });

  it("never include two transactions that end the round at once", () => {
    for (const rows of Object.values({ ...TABLES, ...ALONE }))
      for (const [, round, change] of rows)
        for (let time = 100; time < 160; time++) {
          const due = dutiesOf(round, facts({ ...change, time }), TIMINGS).map(({ kind }) => kind);
          const ends = due.filter((kind) => ["openRound", "settle", "failRound"].includes(kind));
          expect(ends.length).to.be.at.most(1);
        }
  });
});

describe("slots", () => {
  it("are one for the first two ranks, then one each", () => {
    expect([0, 1, 2, 3].map((rank) => slotOf(ROUND, rank))).to.deep.equal([
      { from: 103, until: 130 },
      { from: 103, until: 130 },
      { from: 131, until: 140 },
      { from: 141, until: 150 },
    ]);
    expect(lastSlotEnd(ROUND)).to.equal(150);
    expect(lastSlotEnd({ ...ROUND, order: [miner(1), miner(2)] })).to.equal(130);
    expect(lastSlotEnd({ ...ROUND, order: null })).to.equal(130);
  });

  it("belong to ranks", () => {
    expect(rankOf(ROUND, miner(3))).to.equal(2);
    expect(rankOf(ROUND, miner(9))).to.equal(undefined);
    expect(rankOf({ order: null }, miner(1))).to.equal(undefined);
  });

  it("of collecting end early only after the minimum", () => {
    expect(collectOver(ROUND, 3, 102)).to.equal(false);
    expect(collectOver(ROUND, 3, 103)).to.equal(true);
    expect(collectOver(ROUND, 2, 119)).to.equal(false);
    expect(collectOver(ROUND, 1, 120)).to.equal(true);
    expect(collectOver(ROUND, 0, 999)).to.equal(false);
  });
});
