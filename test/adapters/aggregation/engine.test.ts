import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import {
  type AggregationEngine,
  createAggregationEngine,
} from "../../../coordinator/adapters/aggregation/engine.ts";
import { aggregate } from "../../../coordinator/protocol/aggregation/reference.ts";
import { parseRuleText } from "../../../coordinator/protocol/aggregation/rule.ts";
import { createPrng } from "../../../coordinator/protocol/learning/prng.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { type Case, cases } from "../../protocol/aggregation/cases.ts";

/** Updates of any dimension from a seed, close together as models are. */
function drawn(updates: number, dimension: number, seed: string) {
  const prng = createPrng(seed);
  const row = () => Float32Array.from({ length: dimension }, () => prng.next() / 2 ** 31 - 1);
  return Array.from({ length: updates }, () => ({ floats: row(), sampleCount: 1 + prng.below(60_000) }));
}

const bits = (floats: Float32Array) => new Uint32Array(floats.slice().buffer);

describe("aggregation engine", () => {
  const engines: AggregationEngine[] = [];
  let folder = "";
  before(async () => {
    for (const threads of [1, 2, 3]) engines.push(await createAggregationEngine({ threads }));
    folder = await mkdtemp(join(tmpdir(), "quorate-aggregation-"));
  });
  after(async () => {
    await Promise.all(engines.map((engine) => engine.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  async function expectSame({ rule, updates, context }: Case): Promise<void> {
    const expected = aggregate(rule, updates, context);
    for (const engine of engines) {
      const actual = await engine.aggregate(rule, updates, context);
      expect(bits(actual.floats)).to.deep.equal(bits(expected.floats));
      expect(actual.shares).to.deep.equal(expected.shares);
    }
  }

  it("equals the reference bit for bit, whatever the rule and the number of threads", async () => {
    await fc.assert(fc.asyncProperty(cases, expectSame), { numRuns: 150 });
  });

  it("equals it over many tiles and chunks, their ends included", async () => {
    const rules = [
      "fedavg",
      "trimmed-mean:2",
      "multi-krum:1",
      "nnm:1+geometric-median",
      "norm-clipping:3+meamed:1",
    ];
    for (const [i, dimension] of [2048, 2047, 131_072, 131_073, 300_001].entries()) {
      const updates = drawn(7 + i, dimension, `${dimension}`);
      const context = { centre: updates[0]!.floats, seed: Uint8Array.of(i) };
      await expectSame({ rule: parseRuleText(rules[i]!), updates, context });
    }
  }).timeout(120_000);

  it("equals it for every number of updates up to 40 and for 100", async () => {
    for (const n of [...Array(40).keys(), 99].map((k) => k + 1)) {
      const updates = drawn(n, 70, `${n}`);
      const context = { centre: new Float32Array(70), seed: new Uint8Array() };
      for (const text of ["fedavg", "median", ...(n > 6 ? ["trimmed-mean:3", "meamed:3", "krum:2"] : [])])
        await expectSame({ rule: parseRuleText(text), updates, context });
    }
  });

  it("takes values whose sum is beyond float32, as long as each is finite", async () => {
    const huge = [3e38, -3e38, 3.4e38, 3.3e38, 1, 3.2e38];
    const updates = huge.map((value) => ({
      floats: new Float32Array(70).fill(value).fill(0, 0, 7),
      sampleCount: 1,
    }));
    const context = { centre: new Float32Array(70), seed: new Uint8Array() };
    for (const text of ["fedavg", "median", "trimmed-mean:1", "meamed:1"])
      await expectSame({ rule: parseRuleText(text), updates, context });
  });

  it("reads files as it reads memory, from an offset, with a centre", async () => {
    const dimension = 140_000;
    const updates = drawn(6, dimension, "files");
    const write = async (name: string, floats: Float32Array, offset: number) => {
      const path = join(folder, name);
      await writeFile(path, Buffer.concat([Buffer.alloc(offset), Buffer.from(floats.buffer)]));
      return { path, offset };
    };
    const files = await Promise.all(
      updates.map(async ({ floats, sampleCount }, k) => ({
        ...(await write(`${k}`, floats, 256 * k)),
        sampleCount,
      })),
    );
    const centre = updates[1]!.floats;
    const centreFile = await write("centre", centre, 8);
    const seed = Uint8Array.of(7);
    for (const text of ["fedavg", "median", "multi-krum:1", "nnm:1+trimmed-mean:1", "centred-clipping:9:2"]) {
      const rule = parseRuleText(text);
      const expected = aggregate(rule, updates, { centre, seed });
      for (const engine of engines) {
        const actual = await engine.aggregateFiles(rule, { files, dimension, centre: centreFile, seed });
        expect(bits(actual.floats), text).to.deep.equal(bits(expected.floats));
      }
    }
    const bare = await engines[1]!.aggregateFiles(parseRuleText("geometric-median"), { files, dimension });
    expect(bits(bare.floats)).to.deep.equal(
      bits(aggregate(parseRuleText("geometric-median"), updates).floats),
    );

    await truncate(files[3]!.path, 4 * dimension);
    const error = await expectRejection(
      "AGGREGATION_FILE_SHORT",
      engines[1]!.aggregateFiles(parseRuleText("fedavg"), { files, dimension }),
    );
    expect(error.details.path).to.equal(files[3]!.path);
    await expectRejection(
      "ENOENT",
      engines[1]!.aggregateFiles(parseRuleText("fedavg"), {
        files: [{ path: join(folder, "no"), sampleCount: 1 }],
        dimension,
      }),
    );
  }).timeout(120_000);

  it("puts a result from files where it is told, if there is room", async () => {
    const path = join(folder, "three");
    await writeFile(path, Buffer.from(Float32Array.of(1, 2, 3).buffer));
    const input = { files: [{ path, sampleCount: 1 }], dimension: 3 };
    const result = new SharedArrayBuffer(12);
    await engines[1]!.aggregateFiles(parseRuleText("fedavg"), { ...input, result });
    expect([...new Float32Array(result)]).to.deep.equal([1, 2, 3]);
    await truncate(path, 8);
    for (const text of ["fedavg", "geometric-median"]) {
      new Float32Array(result).fill(1);
      const cut = engines[1]!.aggregateFiles(parseRuleText(text), { ...input, result });
      await expectRejection("AGGREGATION_FILE_SHORT", cut);
      expect([...new Float32Array(result)], "no part of a result").to.deep.equal([NaN, NaN, NaN]);
    }
    const small = engines[1]!.aggregateFiles(parseRuleText("fedavg"), {
      ...input,
      result: new SharedArrayBuffer(8),
    });
    await expectRejection("AGGREGATION_SHAPE", small);
  });

  it("uses shared rows again and again", async () => {
    const shared = engines[1]!.allocate(3, 5);
    shared.rows.forEach((row, k) => {
      row.fill(k);
    });
    const rule = parseRuleText("median");
    expect([...(await shared.aggregate(rule, [1, 1, 1])).floats]).to.deep.equal([1, 1, 1, 1, 1]);
    shared.rows[0]!.fill(9);
    expect([...(await shared.aggregate(rule, [1, 1, 1])).floats]).to.deep.equal([2, 2, 2, 2, 2]);
    await expectRejection("AGGREGATION_SHAPE", shared.aggregate(rule, [1, 1]));
    await expectRejection("AGGREGATION_SAMPLE_COUNT", shared.aggregate(rule, [1, 0, 1]));
  });

  for (const text of ["fedavg", "median", "krum:1", "bucketing:2+median", "norm-clipping:1+fedavg"]) {
    it(`${text} refuses what is not finite, wherever it is`, async () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const updates = drawn(6, 5000, "bad");
        updates[4]!.floats[4321] = value;
        await expectRejection("AGGREGATION_NOT_FINITE", engines[1]!.aggregate(parseRuleText(text), updates));
      }
    });
  }

  it("refuses what the reference refuses", async () => {
    const updates = drawn(4, 3, "few");
    const engine = engines[1]!;
    await expectRejection("AGGREGATION_TOO_FEW", engine.aggregate(parseRuleText("trimmed-mean:2"), updates));
    await expectRejection("AGGREGATION_EMPTY", engine.aggregate(parseRuleText("median"), []));
    await expectRejection(
      "AGGREGATION_SHAPE",
      engine.aggregate(parseRuleText("median"), [...updates, ...drawn(1, 4, "other")]),
    );
    await expectRejection(
      "AGGREGATION_TOO_LARGE",
      Promise.resolve().then(() => engine.allocate(1024, 10_000_000)),
    );
  });

  it("refuses zero weight in all, negative and broken sample counts", async () => {
    const updates = drawn(3, 4, "counts");
    for (const bad of [0, -1, 1.5, Number.NaN]) {
      const all = updates.map(({ floats }) => ({ floats, sampleCount: bad }));
      await expectRejection("AGGREGATION_SAMPLE_COUNT", engines[1]!.aggregate(parseRuleText("fedavg"), all));
    }
  });

  it("refuses files with values that are not finite, and files of none or of broken sample counts", async () => {
    const dimension = 5_000;
    const [engine, path] = [engines[1]!, join(folder, "broken")];
    const floats = new Float32Array(dimension);
    floats[4_321] = Number.NaN;
    await writeFile(path, Buffer.from(floats.buffer));
    const input = (...sampleCounts: number[]) => ({
      files: sampleCounts.map((sampleCount) => ({ path, sampleCount })),
      dimension,
    });
    for (const text of ["fedavg", "median", "krum:0", "nnm:1+median"])
      await expectRejection(
        "AGGREGATION_NOT_FINITE",
        engine.aggregateFiles(parseRuleText(text), input(1, 1, 1)),
      );
    const fedavg = parseRuleText("fedavg");
    await expectRejection("AGGREGATION_EMPTY", engine.aggregateFiles(fedavg, input()));
    await expectRejection("AGGREGATION_SAMPLE_COUNT", engine.aggregateFiles(fedavg, input(1, 0)));
    await expectRejection("AGGREGATION_TOO_FEW", engine.aggregateFiles(parseRuleText("krum:1"), input(1, 1)));
  });

  it("refuses threads, dimensions, offsets and paths that can't be meant", async () => {
    for (const threads of [0, -1, 1.5, Number.NaN, 257])
      await expectRejection("AGGREGATION_THREADS", createAggregationEngine({ threads }));
    const [engine, rule, path] = [engines[1]!, parseRuleText("median"), join(folder, "whatever")];
    await writeFile(path, new Uint8Array(64));
    for (const dimension of [-1, 1.5, Number.NaN]) {
      await expectRejection(
        "AGGREGATION_SHAPE",
        Promise.resolve().then(() => engine.allocate(3, dimension)),
      );
      const files = [{ path, sampleCount: 1 }];
      await expectRejection("AGGREGATION_SHAPE", engine.aggregateFiles(rule, { files, dimension }));
    }
    for (const offset of [-1, 0.5]) {
      const files = [{ path, offset, sampleCount: 1 }];
      await expectRejection("AGGREGATION_SHAPE", engine.aggregateFiles(rule, { files, dimension: 3 }));
    }
    const files = [{ path: folder, sampleCount: 1 }];
    await expectRejection("AGGREGATION_FILE_KIND", engine.aggregateFiles(rule, { files, dimension: 3 }));
  });

  it("rejects what runs when it is stopped, and everything after", async () => {
    const engine = await createAggregationEngine();
    const running = engine.aggregate(parseRuleText("median"), drawn(5, 100_000, "stop"));
    const rejected = expectRejection("AGGREGATION_STOPPED", running);
    await engine.stop();
    await rejected;
    await expectRejection(
      "AGGREGATION_STOPPED",
      engine.aggregate(parseRuleText("median"), drawn(5, 10, "x")),
    );
  });
});
