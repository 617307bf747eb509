import { expect } from "chai";
import fc from "fast-check";
import type { KrumVariant } from "../../../coordinator/protocol/aggregation/catalogue.ts";
import { squaredDistances } from "../../../coordinator/protocol/aggregation/distances.ts";
import { fedAvg } from "../../../coordinator/protocol/aggregation/fedavg.ts";
import { aggregate } from "../../../coordinator/protocol/aggregation/reference.ts";
import { parseRuleText } from "../../../coordinator/protocol/aggregation/rule.ts";
import { krumNeighbours, krumScores } from "../../../coordinator/protocol/aggregation/selection.ts";
import { createPrng } from "../../../coordinator/protocol/learning/prng.ts";
import { expectCode } from "../expect-code.ts";
import { cases } from "./cases.ts";

const update = (sampleCount: number, ...values: readonly number[]) => ({
  floats: Float32Array.from(values),
  sampleCount,
});
const rule = parseRuleText;

/** Seven honest updates around (1, 2), then two far away. */
function poisoned() {
  const prng = createPrng("poisoned");
  const honest = Array.from({ length: 7 }, () =>
    update(10, 1 + (prng.below(200) - 100) / 1000, 2 + (prng.below(200) - 100) / 1000),
  );
  return [...honest, update(1000, -90, 80), update(1000, -90, 80)];
}

describe("aggregation rules", () => {
  it("FedAvg is the protocol's FedAvg, bit for bit", () => {
    fc.assert(
      fc.property(cases, ({ updates }) => {
        expect(aggregate(rule("fedavg"), updates).floats).to.deep.equal(fedAvg(updates));
      }),
    );
  });

  it("stay within each coordinate's range and never make −0", () => {
    fc.assert(
      fc.property(cases, ({ rule: drawn, updates, context }) => {
        const { floats } = aggregate(drawn, updates, context);
        floats.forEach((value, j) => {
          const column = [...updates.map((own) => own.floats[j]!), context.centre[j]!];
          expect(value).to.be.within(Math.min(...column) - 1e-3, Math.max(...column) + 1e-3);
          expect(Object.is(value, -0)).to.equal(false);
        });
      }),
    );
  });

  it("leave an update alone that all clients agree on", () => {
    fc.assert(
      fc.property(cases, ({ rule: drawn, updates, context }) => {
        const same = updates.map(({ sampleCount }) => ({ floats: context.centre, sampleCount }));
        const { floats } = aggregate(drawn, same, context);
        floats.forEach((value, j) => {
          expect(value).to.be.closeTo(context.centre[j]!, 1e-6 * Math.abs(context.centre[j]!));
        });
      }),
    );
  });

  it("give shares that sum to 1, less what the centre keeps", () => {
    fc.assert(
      fc.property(cases, ({ rule: drawn, updates, context }) => {
        const { shares } = aggregate(drawn, updates, context);
        expect(shares).to.have.length(updates.length);
        if (shares.includes(null)) return;
        const sum = shares.reduce<number>((total, share) => total + share!, 0);
        if (drawn.name === "centred-clipping") expect(sum).to.be.within(0, 1 + 1e-9);
        else expect(sum).to.be.closeTo(1, 1e-9);
      }),
    );
  });

  for (const text of [
    "median",
    "trimmed-mean:2",
    "meamed:2",
    "krum:2",
    "multi-krum:2",
    "mda:2",
    "geometric-median",
    "geometric-median:0.1:20",
    "centred-clipping:1:20",
    "nnm:2+median",
    "bucketing:2+median",
    "norm-clipping:1+median",
  ])
    it(`${text} survives two poisoned updates with a hundred times the samples`, () => {
      const { floats } = aggregate(rule(text), poisoned(), { centre: Float32Array.of(1, 2) });
      const far = text === "bucketing:2+median" ? 100 : 0.5;
      expect(Math.abs(floats[0]! - 1)).to.be.below(far);
      expect(Math.abs(aggregate(rule("fedavg"), poisoned()).floats[0]! - 1)).to.be.above(50);
    });

  it("say who had no part", () => {
    const { shares } = aggregate(rule("multi-krum:2"), poisoned());
    expect(shares.slice(0, 7).every((share) => Math.abs(share! - 1 / 7) < 1e-12)).to.equal(true);
    expect(shares.slice(7)).to.deep.equal([0, 0]);
    const bulyan = aggregate(rule("bulyan:1"), poisoned().slice(0, 8)).shares;
    expect(bulyan.filter((share) => share === 0)).to.have.length(2);
    expect(bulyan[7]).to.equal(0);
  });

  it("tie to the lower address", () => {
    const rows = [update(1, 0), update(1, 1), update(1, 2), update(1, 3), update(1, 4)];
    expect([...aggregate(rule("krum:1"), rows).floats]).to.deep.equal([1]);
  });

  it("sum Krum's neighbours as the variant says", () => {
    const distances = squaredDistances([0, 1, 3, 6, 10, 15].map((value) => Float32Array.of(value)));
    const scores = (variant: KrumVariant) =>
      krumScores(distances, [0, 1, 2, 3, 4, 5], krumNeighbours(6, 1, variant));
    expect(scores("blanchard")[2]).to.equal(4 + 9 + 9);
    expect(scores("byzfl")[2]).to.equal(4 + 9 + 9 + 49);
  });

  it("draw other buckets from another seed", () => {
    const rows = Array.from({ length: 9 }, (_, k) => update(1, k * k));
    const drawn = [1, 2, 3, 4].map(
      (seed) => aggregate(rule("bucketing:3+median"), rows, { seed: Uint8Array.of(seed) }).floats[0],
    );
    expect(new Set(drawn).size).to.be.above(1);
  });

  it("clip around the centre, not around zero", () => {
    const rows = [update(1, 100, 0), update(1, 103, 0), update(1, 100, 4)];
    const centre = Float32Array.of(100, 0);
    expect([...aggregate(rule("norm-clipping:2+fedavg"), rows, { centre }).floats]).to.deep.equal([
      Math.fround(302 / 3),
      Math.fround(2 / 3),
    ]);
    expect(aggregate(rule("centred-clipping:1"), rows, { centre }).floats[0]).to.be.closeTo(
      100 + 1 / 3,
      1e-5,
    );
  });

  it("keep FedAvg's weights through clipping", () => {
    const rows = [update(3, 1), update(1, 5)];
    expect(aggregate(rule("norm-clipping:100+fedavg"), rows).floats[0]).to.equal(2);
  });

  for (const text of ["fedavg", "median", "krum:1", "geometric-median", "bucketing:2+median"]) {
    it(`${text} refuses bad updates before it starts`, () => {
      const good = Array.from({ length: 6 }, (_, k) => update(1, k, 1));
      const bad = (change: (typeof good)[number]) => [...good, change];
      const run = (updates: typeof good) => () => aggregate(rule(text), updates);
      expectCode("AGGREGATION_EMPTY", run([]));
      expectCode("AGGREGATION_SHAPE", run(bad(update(1, 1))));
      expectCode("AGGREGATION_SAMPLE_COUNT", run(bad(update(0, 1, 1))));
      expectCode("AGGREGATION_SAMPLE_COUNT", run(bad(update(-1, 1, 1))));
      expectCode("AGGREGATION_SAMPLE_COUNT", run(bad(update(1.5, 1, 1))));
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const error = expectCode("AGGREGATION_NOT_FINITE", run(bad(update(1, 1, value))));
        expect(error.details).to.include({ index: 6, coordinate: 1 });
      }
      expectCode("AGGREGATION_SHAPE", () => aggregate(rule(text), good, { centre: Float32Array.of(1) }));
    });
  }

  it("refuse distances beyond float32", () => {
    const rows = [update(1, 3e30), update(1, 0), update(1, 0), update(1, 0), update(1, 0)];
    expectCode("AGGREGATION_NOT_FINITE", () => aggregate(rule("krum:1"), rows));
  });
});
