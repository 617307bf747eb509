import fc from "fast-check";
import type { AggregationContext } from "../../../coordinator/protocol/aggregation/reference.ts";
import { parseRuleText, type Rule } from "../../../coordinator/protocol/aggregation/rule.ts";

/** A rule with updates that are enough for it. */
export interface Case {
  readonly rule: Rule;
  readonly updates: readonly { readonly floats: Float32Array; readonly sampleCount: number }[];
  readonly context: Required<AggregationContext>;
}

const RULES = [
  "fedavg",
  "median",
  "trimmed-mean:1",
  "meamed:2",
  "krum:1",
  "krum:2:byzfl",
  "multi-krum:1",
  "mda:1",
  "bulyan:1",
  "geometric-median:0.1:4",
  "centred-clipping:1.5:3",
];
const STEPS = [
  "",
  "nnm:1+",
  "bucketing:2+",
  "norm-clipping:2+",
  "adaptive-clipping:1+",
  "nnm:1+bucketing:2+",
];
/** Enough for Bulyan with f = 1 after buckets of two. */
const LEAST = 13;

/** Values as models have them, with many equal ones, zeros and both kinds of tiny. */
const value = fc.oneof(
  fc.float({ min: -2, max: 2, noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, 1, -1, 0.5, 1e-45, -1e-40, 1023),
);

export const cases: fc.Arbitrary<Case> = fc
  .record({
    rule: fc.constantFrom(...RULES),
    steps: fc.constantFrom(...STEPS),
    clients: fc.integer({ min: LEAST, max: 24 }),
    dimension: fc.integer({ min: 1, max: 40 }),
    seed: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  })
  .chain(({ rule, steps, clients, dimension, seed }) =>
    fc
      .tuple(
        fc.array(fc.array(value, { minLength: dimension, maxLength: dimension }), {
          minLength: clients,
          maxLength: clients,
        }),
        fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: clients, maxLength: clients }),
        fc.array(value, { minLength: dimension, maxLength: dimension }),
      )
      .map(([rows, counts, centre]) => ({
        rule: parseRuleText(steps + rule),
        updates: rows.map((row, k) => ({ floats: canonical(row), sampleCount: counts[k]! })),
        context: { centre: canonical(centre), seed },
      })),
  );

/** Canonical models have no −0. */
function canonical(values: readonly number[]): Float32Array {
  return Float32Array.from(values, (v) => v + 0);
}
