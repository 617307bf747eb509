import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { fedAvg } from "../../../coordinator/protocol/aggregation/fedavg.ts";
import { fromBits, toBits } from "../../vectors/float32.ts";
import { averageBits, type FedAvgVector, fedAvgVectors } from "../../vectors/generate-fedavg.ts";
import { expectCode } from "../expect-code.ts";

const vectors: readonly FedAvgVector[] = JSON.parse(
  readFileSync(new URL("../../vectors/fedavg.json", import.meta.url), "utf8"),
);
const averaged = ({ samples, inputs }: Pick<FedAvgVector, "samples" | "inputs">) =>
  [
    ...fedAvg(
      inputs.map((row, k) => ({
        floats: Float32Array.from(row.map(fromBits)),
        sampleCount: samples[k] as number,
      })),
    ),
  ].map(toBits);
const update = (sampleCount: number | bigint, ...values: readonly number[]) => ({
  floats: Float32Array.from(values),
  sampleCount,
});

/** Bits of any float32 in the domain |w| < 2^10, −0 excepted, all exponents alike. */
const domainBits = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 136 }), fc.integer({ min: 0, max: 0x7fffff }))
  .map(([negative, exponent, fraction]) => {
    const bits = exponent * 2 ** 23 + fraction;
    return toBits(fromBits(`0x${(bits + (negative && bits > 0 ? 2 ** 31 : 0)).toString(16)}`));
  });
const sampleCounts = fc.oneof(fc.integer({ min: 1, max: 2 ** 32 }), fc.integer({ min: 1, max: 20_000 }));
const column = fc.array(fc.tuple(sampleCounts, domainBits), { minLength: 1, maxLength: 12 });

describe("FedAvg", () => {
  it("has vectors that are what their generator writes", () => {
    expect(vectors).to.deep.equal(fedAvgVectors);
  });

  for (const vector of vectors) {
    it(`matches the vector: ${vector.name}`, () => expect(averaged(vector)).to.deep.equal(vector.output));
  }

  it("equals exact integer arithmetic bit for bit", () => {
    fc.assert(
      fc.property(column, (entries) => {
        const samples = entries.map(([count]) => count);
        const bits = entries.map(([, word]) => word);
        expect(averaged({ samples, inputs: bits.map((word) => [word]) })).to.deep.equal([
          averageBits(samples, bits),
        ]);
      }),
      { numRuns: 3000 },
    );
  });

  it("gives the mean of the published rows", () => {
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ];
    expect([...fedAvg(rows.map((row) => update(1, ...row)))]).to.deep.equal([4, 5, 6]);
  });

  it("takes counts as bigint too, up to 2^32", () => {
    expect(fedAvg([update(2n ** 32n, 1), update(1n, 0)])[0]).to.equal(Math.fround(2 ** 32 / (2 ** 32 + 1)));
  });

  it("leaves the inputs as they were and gives one client its own values", () => {
    const only = update(7, 0.1, -0.3, 1e-45);
    expect(fedAvg([only])).to.deep.equal(Float32Array.of(0.1, -0.3, 1e-45));
    expect(only.floats).to.deep.equal(Float32Array.of(0.1, -0.3, 1e-45));
  });

  it("depends on the order of the clients, so the caller's order is part of the result", () => {
    const [big, small, opposite] = [update(1, 1000), update(1, 2 ** -44), update(1, -1000)];
    expect(fedAvg([big, small, small, opposite])[0]).to.equal(0);
    expect(fedAvg([small, small, big, opposite])[0]).to.equal(2 ** -45);
    // The first to the last, not the last to the first.
    expect(fedAvg([big, small, opposite, small])[0]).to.equal(2 ** -46);
    expect(fedAvg([small, opposite, small, big])[0]).to.equal(0);
  });

  it("never makes −0", () => {
    const zero = fedAvg([update(1, -1e-45), update(3, 0)])[0];
    expect(Object.is(zero, 0)).to.equal(true);
  });

  for (const count of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1, 0n, -1n, 2n ** 32n + 1n]) {
    it(`refuses a sample count of ${count}`, () => {
      const error = expectCode("AGGREGATION_SAMPLE_COUNT", () => fedAvg([update(1, 1), update(count, 1)]));
      expect(error.details.index).to.equal(1);
    });
  }

  it("refuses nothing, too many, different dimensions and values that were never checked", () => {
    expectCode("AGGREGATION_EMPTY", () => fedAvg([]));
    expectCode("AGGREGATION_TOO_MANY", () => fedAvg(new Array(1025).fill(update(1, 1))));
    expect(fedAvg(new Array(1024).fill(update(1, 1)))[0]).to.equal(1);
    expectCode("AGGREGATION_SHAPE", () => fedAvg([update(1, 1), update(1, 1, 2)]));
    expectCode("AGGREGATION_NOT_FINITE", () => fedAvg([update(1, 1, Number.NaN)]));
    expectCode("AGGREGATION_NOT_FINITE", () => fedAvg([update(1, Number.POSITIVE_INFINITY)]));
  });
});
