import { readFileSync } from "node:fs";
import { expect } from "chai";
import { weightedMean } from "../../../coordinator/protocol/aggregation/coordinate.ts";
import { squaredDistances } from "../../../coordinator/protocol/aggregation/distances.ts";
import { type Plan, planRule } from "../../../coordinator/protocol/aggregation/plan.ts";
import { aggregate } from "../../../coordinator/protocol/aggregation/reference.ts";
import { parseRuleText, type Rule } from "../../../coordinator/protocol/aggregation/rule.ts";
import { forge, parseAttackText } from "../../../coordinator/protocol/attacks/attack.ts";
import { createPrng } from "../../../coordinator/protocol/learning/prng.ts";

interface Vectors {
  readonly rows: readonly (readonly number[])[];
  readonly rules: readonly { readonly rule: string; readonly output: readonly number[] }[];
  readonly steps: readonly { readonly step: string; readonly rows: readonly (readonly number[])[] }[];
  readonly attacks: readonly { readonly attack: string; readonly output: readonly number[] }[];
}
const vectors: Vectors = JSON.parse(
  readFileSync(new URL("../../vectors/aggregation.json", import.meta.url), "utf8"),
);
const rows = vectors.rows.map((row) => Float32Array.from(row));
const updates = rows.map((floats) => ({ floats, sampleCount: 1 }));

/** The published digits are rounded float32 results. */
function expectNear(actual: Iterable<number>, expected: readonly number[]): void {
  const values = [...actual];
  expect(values).to.have.length(expected.length);
  for (const [j, value] of expected.entries())
    expect(values[j]).to.be.closeTo(value, 2e-7 * Math.max(1, Math.abs(value)));
}

function planOf(rule: Rule): Plan {
  const planner = planRule(
    rule,
    rows.map(() => 1),
    new Uint8Array(),
  );
  let step = planner.next();
  while (!step.done) {
    const points = step.value.withCentre ? [...rows, new Float32Array(3)] : rows;
    step = planner.next(squaredDistances(points));
  }
  return step.value;
}

describe("published vectors", () => {
  for (const { rule, output } of vectors.rules)
    it(rule, () => expectNear(aggregate(parseRuleText(rule), updates).floats, output));

  for (const { step, rows: expected } of vectors.steps)
    it(`${step}, row by row`, () => {
      const [map] = planOf(parseRuleText(`${step}+fedavg`)).maps;
      for (const [i, row] of expected.entries()) {
        const own = (k: number) => rows[k] as Float32Array;
        if (map?.kind === "average") {
          const group = map.members[i]!;
          expectNear(weightedMean(group.map(own), new Array(group.length).fill(1), group.length), row);
        } else
          expectNear(
            own(i).map((value) => value * map!.scales[i]!),
            row,
          );
      }
    });

  for (const { attack, output } of vectors.attacks)
    it(`attack ${attack}`, () => {
      const input = { honest: rows, own: rows[0]!, prng: createPrng("unused") };
      expectNear(forge(parseAttackText(attack), input), output);
    });
});
