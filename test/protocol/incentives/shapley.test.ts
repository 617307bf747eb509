import { expect } from "chai";
import fc from "fast-check";
import { gtgShapley } from "../../../coordinator/protocol/incentives/gtg-shapley.ts";
import { exactShapley } from "../../../coordinator/protocol/incentives/shapley.ts";
import { expectCode } from "../expect-code.ts";

/** Tables of 2^N scores for one to five clients. */
const tables = fc
  .integer({ min: 1, max: 5 })
  .chain((n) => fc.array(fc.integer({ min: 0, max: 6000 }), { minLength: 2 ** n, maxLength: 2 ** n }));
const sum = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n);
const clientsOf = (table: readonly number[]) => Math.log2(table.length);

/** The definition by orders of arrival, summed over all N! of them. */
function byArrival(table: readonly number[]): bigint[] {
  const totals = new Array<bigint>(clientsOf(table)).fill(0n);
  const arrive = (mask: number): number => {
    let orders = 0;
    totals.forEach((_, k) => {
      if ((mask >> k) & 1) return;
      const completions = arrive(mask | (1 << k));
      orders += completions;
    });
    return Math.max(orders, 1);
  };
  const walk = (order: readonly number[], mask: number): void => {
    if (order.length === totals.length) return;
    totals.forEach((total, k) => {
      if ((mask >> k) & 1) return;
      const gain = (table[mask | (1 << k)] as number) - (table[mask] as number);
      totals[k] = total + BigInt(gain * arrive(mask | (1 << k)));
      walk([...order, k], mask | (1 << k));
    });
  };
  walk([], 0);
  return totals;
}

describe("Shapley values", () => {
  it("of the glove game are the known ones", () => {
    // Client 0 owns a left glove, 1 and 2 own right ones; a pair is worth 6: (4, 1, 1).
    const values = [0, 0, 0, 6, 0, 6, 0, 6];
    expect(exactShapley(values)).to.deep.equal({ numerators: [24n, 6n, 6n], denominator: 6n });
  });

  it("of one client are all it adds, of none are nothing", () => {
    expect(exactShapley([10, 7])).to.deep.equal({ numerators: [-3n], denominator: 1n });
    expect(exactShapley([10])).to.deep.equal({ numerators: [], denominator: 1n });
  });

  it("equal the average over all orders of arrival", () => {
    fc.assert(
      fc.property(tables, (table) => {
        expect(exactShapley(table).numerators).to.deep.equal(byArrival(table));
      }),
    );
  });

  it("sum to what all clients add together (efficiency)", () => {
    fc.assert(
      fc.property(tables, (table) => {
        const { numerators, denominator } = exactShapley(table);
        expect(sum(numerators)).to.equal(
          denominator * BigInt((table.at(-1) as number) - (table[0] as number)),
        );
      }),
    );
  });

  it("follow the clients when they change places (symmetry)", () => {
    fc.assert(
      fc.property(tables, fc.nat(), fc.nat(), (table, a, b) => {
        const n = clientsOf(table);
        const [i, j] = [a % n, b % n];
        const swap = (mask: number) => {
          const different = ((mask >> i) ^ (mask >> j)) & 1;
          return mask ^ (i === j ? 0 : (different << i) | (different << j));
        };
        const swapped = exactShapley(table.map((_, mask) => table[swap(mask)] as number)).numerators;
        const original = exactShapley(table).numerators;
        expect(swapped[i]).to.equal(original[j]);
        expect(swapped[j]).to.equal(original[i]);
      }),
    );
  });

  it("are zero for a client that changes nothing (null player)", () => {
    fc.assert(
      fc.property(tables, fc.nat(), (table, a) => {
        const k = a % clientsOf(table);
        const without = table.map((_, mask) => table[mask & ~(1 << k)] as number);
        expect(exactShapley(without).numerators[k]).to.equal(0n);
      }),
    );
  });

  it("are exact for ten clients", () => {
    const table = Array.from({ length: 1024 }, (_, mask) => (mask * 37) % 6001);
    const { numerators, denominator } = exactShapley(table);
    expect(denominator).to.equal(3_628_800n);
    expect(sum(numerators)).to.equal(denominator * BigInt(table[1023] as number));
  });

  it("need a full table of integers, of at most ten clients", () => {
    for (const table of [[], [1, 2, 3], [1, 2.5], [1, Number.NaN]]) {
      expectCode("SHAPLEY_TABLE", () => exactShapley(table));
    }
    expectCode("SHAPLEY_TOO_MANY", () => exactShapley(new Array(2048).fill(0)));
  });
});

describe("sampled Shapley values", () => {
  const seed = Uint8Array.of(1, 2, 3);
  const skills = [5, 0, -3, 11, 2, 7, 1, 4, 6, 9, 8, 10];
  const additive = (members: readonly number[]) =>
    members.reduce((total, k) => total + (skills[k] as number), 100);
  /** Grows ever more slowly, so that orders matter. */
  const concave = (members: readonly number[]) => Math.round(1000 * Math.sqrt(additive(members) - 100 + 3));
  const job = { n: skills.length, seed };

  it("are exact where the order does not matter", async () => {
    const { numerators, denominator } = await gtgShapley({ ...job, value: additive });
    expect(denominator).to.equal(48n);
    expect(numerators).to.deep.equal(skills.map((skill) => 48n * BigInt(skill)));
  });

  it("sum to what all clients add together", async () => {
    const { numerators, denominator } = await gtgShapley({ ...job, value: concave, permutations: 7 });
    const all = skills.map((_, k) => k);
    expect(sum(numerators)).to.equal(denominator * BigInt(concave(all) - concave([])));
  });

  it("follow the seed alone, also with slow answers", async () => {
    const value = async (members: readonly number[]) => concave(members);
    const first = await gtgShapley({ ...job, value: concave });
    expect(await gtgShapley({ ...job, value })).to.deep.equal(first);
    expect(await gtgShapley({ ...job, seed: Uint8Array.of(9), value })).to.not.deep.equal(first);
  });

  it("come near the exact ones", async () => {
    const n = 4;
    const exact = exactShapley(
      Array.from({ length: 16 }, (_, mask) => concave([0, 1, 2, 3].filter((k) => (mask >> k) & 1))),
    );
    const { numerators, denominator } = await gtgShapley({ n, seed, permutations: 4000, value: concave });
    numerators.forEach((numerator, k) => {
      const difference = Number(numerator) / Number(denominator) - Number(exact.numerators[k]) / 24;
      expect(Math.abs(difference)).to.be.lessThan(30);
    });
  });

  it("let every client lead equally often", async () => {
    // Only the first to come adds anything.
    const value = (members: readonly number[]) => (members.length > 0 ? 1 : 0);
    const { numerators } = await gtgShapley({ n: 5, seed, permutations: 20, value });
    expect(numerators).to.deep.equal([4n, 4n, 4n, 4n, 4n]);
  });

  it("ask for each coalition once, members ascending, and stop early within the tolerance", async () => {
    const count = async (tolerance: number) => {
      const asked = new Set<string>();
      const value = (members: readonly number[]) => {
        expect(members).to.deep.equal([...members].sort((a, b) => a - b));
        expect(asked.has(members.join())).to.equal(false);
        asked.add(members.join());
        return concave(members);
      };
      await gtgShapley({ ...job, tolerance, value });
      return asked.size;
    };
    expect(await count(2000)).to.be.lessThan(0.8 * (await count(0)));
  });

  it("refuse what makes no sense", async () => {
    const failures = [
      { n: 0 },
      { n: 1.5 },
      { permutations: 0 },
      { tolerance: -1 },
      { tolerance: Number.NaN },
      { value: () => 0.5 },
    ];
    for (const change of failures) {
      const code = await gtgShapley({ ...job, value: additive, ...change }).then(
        () => "none",
        (error) => error.code,
      );
      expect(code).to.equal("SHAPLEY_TABLE");
    }
  });
});
