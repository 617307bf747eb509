import { readFileSync } from "node:fs";
import { expect } from "chai";
import {
  type AggregationEngine,
  createAggregationEngine,
} from "../../../coordinator/adapters/aggregation/engine.ts";
import { parseRuleText } from "../../../coordinator/protocol/aggregation/rule.ts";

const vectors: { rows: number[][]; rules: { rule: string; output: number[] }[] } = JSON.parse(
  readFileSync(new URL("../../vectors/aggregation.json", import.meta.url), "utf8"),
);
const updates = vectors.rows.map((row) => ({ floats: Float32Array.from(row), sampleCount: 1 }));

describe("published vectors, by the kernels", () => {
  for (const threads of [1, 2])
    describe(threads === 1 ? "in one thread" : `in ${threads} threads`, () => {
      let engine: AggregationEngine;
      before(async () => {
        engine = await createAggregationEngine({ threads });
      });
      after(() => engine.stop());

      for (const { rule, output } of vectors.rules)
        it(rule, async () => {
          const { floats } = await engine.aggregate(parseRuleText(rule), updates);
          expect(floats).to.have.length(output.length);
          // Hardhat's matchers, which other tests load, compare no fractions.
          const far = output.findIndex(
            (value, j) => !(Math.abs(floats[j]! - value) <= 2e-7 * Math.max(1, Math.abs(value))),
          );
          expect(far, `${[...floats]}`).to.equal(-1);
        });
    });
});
