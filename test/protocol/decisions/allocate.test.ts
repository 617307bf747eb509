import { expect } from "chai";
import fc from "fast-check";
import { type Hex, ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import {
  allocate,
  type Claim,
  encodeAllocation,
  share,
} from "../../../coordinator/protocol/decisions/allocate.ts";
import { expectCode } from "../expect-code.ts";
import { committeeWith, hashOf } from "../praft/fixtures.ts";
import { ballot, decide, subjects, TASK } from "./fixtures.ts";

const claimsOf = (demands: readonly (readonly [number, number])[]): Claim[] => {
  const names = subjects(demands.length);
  return demands.map(([weight, demand], i) => ({ subject: names[i]!, weight, demand, credit: 0 }));
};

const claims = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 20 }), fc.nat(60)), { minLength: 1, maxLength: 12 })
  .map(claimsOf);
const capacity = fc.integer({ min: 1, max: 300 });

/** Weighted max-min shares by bisection on the level, the other way than the code. */
function fairShares(all: readonly Claim[], units: number): number[] {
  let [low, high] = [0, units];
  const at = (level: number) => all.map(({ demand, weight }) => Math.min(demand, level * weight));
  for (let i = 0; i < 100; i++) {
    const level = (low + high) / 2;
    if (at(level).reduce((sum, each) => sum + each, 0) > units) high = level;
    else low = level;
  }
  return at(low);
}

describe("allocation", () => {
  it("never exceeds capacity or a demand, and leaves nothing over that somebody wants", () => {
    fc.assert(
      fc.property(claims, capacity, (all, units) => {
        const grants = share(units, all, TASK);
        const wanted = all.reduce((sum, { demand }) => sum + demand, 0);
        expect(grants.reduce((sum, grant) => sum + grant.units, 0)).to.equal(Math.min(units, wanted));
        for (const [i, grant] of grants.entries()) expect(grant.units).to.be.within(0, all[i]!.demand);
      }),
    );
  });

  it("is weighted max-min fair to less than a unit", () => {
    fc.assert(
      fc.property(claims, capacity, (all, units) => {
        const fair = fairShares(all, units);
        for (const [i, grant] of share(units, all, TASK).entries())
          expect(Math.abs(grant.units - fair[i]!)).to.be.below(1 + 1e-6);
      }),
    );
  });

  it("starves nobody in 1,000 rounds: everyone gets what its shares come to, but for a few units", () => {
    for (const [units, demands] of [
      [1, Array.from({ length: 10 }, () => [1, 1] as const)],
      [
        7,
        [
          [1, 3],
          [5, 4],
          [2, 9],
          [20, 2],
          [1, 1],
          [3, 30],
        ] as const,
      ],
      [3, Array.from({ length: 12 }, (_, i) => [1 + i, 5] as const)],
    ] as const) {
      let all = claimsOf(demands);
      const total = all.map(() => 0);
      const fair = fairShares(all, units);
      for (let round = 1; round <= 1_000; round++) {
        const grants = share(units, all, hashOf(`task ${round}`));
        for (const [i, grant] of grants.entries()) total[i]! += grant.units;
        all = all.map((claim, i) => ({ ...claim, credit: grants[i]!.credit }));
        for (const [i, got] of total.entries()) expect(got).to.be.at.least(fair[i]! * round - 3);
      }
    }
  });

  it("takes demands from ballots and makes up within a series, not beyond", () => {
    const committee = committeeWith([1, 1, 1, 1]);
    const names = subjects(2) as [Hex, Hex];
    const series = hashOf("series");
    const asked = { capacity: 1, series, claims: names.map((subject) => ({ subject, weight: 1 })) };
    const ballots = names.flatMap((subject) =>
      [0, 1, 2, 3].map((i) => ballot(i, subject, i === 3 ? 4_000_000 : 1)),
    );
    const accounts = new Map<Hex, number>();
    const winners = [1, 2, 3, 4].map(() => {
      const grants = decide("allocate", committee, encodeAllocation(asked), { ballots, accounts })!;
      return grants.findIndex(([, units]) => units === 1);
    });
    expect(winners[0]).to.not.equal(winners[1]);
    expect(winners.slice(2)).to.deep.equal(winners.slice(0, 2));
    const alone = encodeAllocation({ ...asked, series: ZERO_HASH });
    decide("allocate", committee, alone, { ballots, accounts });
    expect([...accounts.values()].reduce((sum, credit) => sum + credit, 0)).to.equal(0);
    expect(decide("allocate", committee, alone, { ballots: ballots.slice(0, 2) })).to.equal(undefined);
  });

  it("refuses no capacity, no claim, a claim twice and no weight", () => {
    const [subject] = subjects(1) as [Hex];
    const sound = { capacity: 1, series: ZERO_HASH, claims: [{ subject, weight: 1 }] };
    for (const wrong of [
      { capacity: 0 },
      { claims: [] },
      { claims: [...sound.claims, ...sound.claims] },
      { claims: [{ subject, weight: 0 }] },
    ])
      expectCode("DECISION_CLAIMS", () => encodeAllocation({ ...sound, ...wrong }));
    const bytes = encodeAllocation(sound);
    expectCode("DECISION_CLAIMS", () => allocate.read(bytes.fill(0, 0, 4)));
  });
});
