import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  it("from many calls at once, every other one over files", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quorate-bits-"));
    const calls = Array.from({ length: 60 }, (_, number) => number).map(async (number) => {
      const { rule, updates, context } = drawCase(number);
      if (number % 2 === 0) return outcomeOf(() => engines[1]!.aggregate(rule, updates, context));
      const write = async (name: string, floats: Float32Array, offset: number) => {
        const path = join(folder, `${number}-${name}`);
        await writeFile(path, Buffer.concat([Buffer.alloc(offset), Buffer.from(floats.buffer)]));
        return { path, offset };
      };
      const files = await Promise.all(
        updates.map(async ({ floats, sampleCount }, k) => ({
          ...(await write(`${k}`, floats, 3 * k)),
          sampleCount,
        })),
      );
      const centre = await write("centre", context.centre, 1);
      const input = { files, dimension: context.centre.length, centre, seed: context.seed };
      return outcomeOf(() => engines[1]!.aggregateFiles(rule, input));
    });
    expect(await Promise.all(calls)).to.deep.equal(expected.slice(0, calls.length));
    await rm(folder, { recursive: true });
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
