import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import {
  type AggregationEngine,
  createAggregationEngine,
} from "../../../coordinator/adapters/aggregation/engine.ts";
import { RULES, STEPS } from "../../../coordinator/protocol/aggregation/catalogue.ts";
import { aggregate } from "../../../coordinator/protocol/aggregation/reference.ts";
import { formatRule } from "../../../coordinator/protocol/aggregation/rule.ts";
import { drawCase, outcomeOf } from "../../protocol/aggregation/drawn-cases.ts";

const OTHER = fileURLToPath(new URL("other-process.ts", import.meta.url));
const CASES = 400;

describe("the same bits for any rule, number of updates and dimension", function () {
  this.timeout(180_000);
  const engines: AggregationEngine[] = [];
  const expected: string[] = [];

  before(async () => {
    for (const threads of [1, 2]) engines.push(await createAggregationEngine({ threads }));
    for (let number = 0; number < CASES; number++) {
      const { rule, updates, context } = drawCase(number);
      expected.push(await outcomeOf(() => aggregate(rule, updates, context)));
    }
  });
  after(() => Promise.all(engines.map((engine) => engine.stop())));

  it("from one thread, from two and from the reference, refusals included", async () => {
    for (let number = 0; number < CASES; number++) {
      const { rule, updates, context } = drawCase(number);
      const what = `case ${number}: ${formatRule(rule)} of ${updates.length} × ${updates[0]!.floats.length}`;
      for (const engine of engines)
        expect(await outcomeOf(() => engine.aggregate(rule, updates, context)), what).to.equal(
          expected[number],
        );
    }
  });

  for (const threads of [1, 2])
    it(`from another process with ${threads} ${threads === 1 ? "thread" : "threads"}`, () => {
      const output = execFileSync(process.execPath, [OTHER, `${threads}`, `${CASES}`], { encoding: "utf8" });
      expect(output.trimEnd().split("\n")).to.deep.equal(expected);
    });

  it("tried on every rule and step", () => {
    const counted = new Set<string>();
    for (const [number, outcome] of expected.entries()) {
      const { rule } = drawCase(number);
      if (outcome.startsWith("AGGREGATION")) continue;
      for (const { name } of [rule, ...(rule.pre ?? [])]) counted.add(name);
    }
    expect([...counted].sort()).to.deep.equal([...Object.keys(RULES), ...Object.keys(STEPS)].sort());
  });
});
