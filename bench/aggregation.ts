// Aggregation at memory speed: `npm run bench:aggregation -- [--json FILE] [--updates 20] [--dimension 10000000]
// [--runs 5] [--many 100] [--folder DIR]`. Checks every result, then times ours, NumPy (as Flower aggregates; np.median;
// the Gram form for Krum) and a plain C reader in turn, so that a busy machine slows all of them. Without NumPy or gcc
// their columns say "absent". The updates are written to a folder of their own, which is removed in the end.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { createAggregationEngine, type SharedRows } from "../coordinator/adapters/aggregation/engine.ts";
import { PLAIN_TABLE } from "../coordinator/cli/table.ts";
import { AGGREGATION_KERNEL_SHA256 } from "../coordinator/protocol/aggregation/kernel-version.ts";
import { aggregate } from "../coordinator/protocol/aggregation/reference.ts";
import { parseRuleText } from "../coordinator/protocol/aggregation/rule.ts";
import { type Contestant, startNumpy, startReader } from "./aggregation/contestants.ts";
import { readFloats, samplesOf, writeUpdates } from "./aggregation/data.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "string" },
    updates: { type: "string", default: "20" },
    dimension: { type: "string", default: "10000000" },
    runs: { type: "string", default: "5" },
    many: { type: "string", default: "100" },
    folder: { type: "string", default: tmpdir() },
  },
});
const updates = Number(options.updates);
const dimension = Number(options.dimension);
const runs = Number(options.runs);
const many = Number(options.many);
const THREADS = 2;
const HOSTILE = Math.max(1, Math.floor(updates / 5));
const RULES = { fedavg: "fedavg", median: "median", krum: `krum:${HOSTILE}` } as const;
type Name = keyof typeof RULES;
const NAMES = Object.keys(RULES) as Name[];
/** Least ratios, medians of one run: numpy's seconds ÷ ours, and our reading speed ÷ the C reader's. */
const TARGETS = { fedavg: 10, median: 40, krum: 1, reader: 0.6, peakBytes: 400e6 } as const;
/** Coordinates compared with the reference, which takes seconds for each million. */
const COMPARED = 131_072 + 2_048 + 1;

const folder = mkdtempSync(join(options.folder, "quorate-bench-"));
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function timed(shared: SharedRows, name: Name): Promise<number> {
  const counts = shared.rows.map((_, k) => samplesOf(k));
  const start = performance.now();
  await shared.aggregate(parseRuleText(RULES[name]), counts);
  return (performance.now() - start) / 1000;
}

/** Bit-equal to the reference on the first coordinates, near to NumPy on all. */
async function check(shared: SharedRows, name: Name, numpy: Contestant | null): Promise<void> {
  const counts = shared.rows.map((_, k) => samplesOf(k));
  const rule = parseRuleText(RULES[name]);
  const { floats, shares } = await shared.aggregate(rule, counts);
  if (name === "krum") {
    const chosen = shared.rows[shares.indexOf(1)]!;
    if (!floats.every((value, j) => value === chosen[j])) throw new Error("krum is not one of the updates");
  } else {
    const part = shared.rows.map((row, k) => ({ floats: row.slice(0, COMPARED), sampleCount: counts[k]! }));
    const expected = aggregate(rule, part).floats;
    if (!expected.every((value, j) => value === floats[j]))
      throw new Error(`${name} differs from the reference`);
  }
  if (!numpy) return;
  const output = join(folder, "numpy-result");
  await numpy.run(`${name} ${output}`);
  const theirs = readFloats(output);
  const far = floats.findIndex((value, j) => Math.abs(value - theirs[j]!) > 1e-6);
  if (theirs.length !== floats.length || far >= 0) throw new Error(`${name} differs from NumPy at ${far}`);
}

interface Timings {
  readonly ours: Record<Name, number[]>;
  readonly numpy: Record<Name, number[]> | null;
  readonly reader: number[] | null;
}

async function race(
  shared: SharedRows,
  numpy: Contestant | null,
  reader: Contestant | null,
): Promise<Timings> {
  const empty = (): Record<Name, number[]> => ({ fedavg: [], median: [], krum: [] });
  const timings: Timings = { ours: empty(), numpy: numpy && empty(), reader: reader && [] };
  for (let run = 0; run < runs; run++) {
    for (const name of NAMES) {
      timings.ours[name].push(await timed(shared, name));
      if (numpy) timings.numpy![name].push(await numpy.run(name));
      if (reader) timings.reader!.push(await reader.run(""));
    }
    console.error(`run ${run + 1} of ${runs}`);
  }
  return timings;
}

interface FromFiles {
  readonly rule: string;
  readonly updates: number;
  readonly seconds: number[];
  readonly peakBytes: number;
  readonly digest: string;
}

function fromFiles(count: number, rule: string): FromFiles {
  const args = ["bench/aggregation-files.ts", folder, count, dimension, rule, runs].map(String);
  const output = execFileSync(process.execPath, args, { encoding: "utf8" });
  return { rule, updates: count, ...JSON.parse(output) };
}

const bytesRead = 4 * updates * dimension;
const gigabytes = (seconds: number, bytes = bytesRead) => (bytes / seconds / 1e9).toFixed(1);

function show({ ours, numpy, reader }: Timings, files: readonly FromFiles[]): void {
  const table = new Table({
    ...PLAIN_TABLE,
    head: ["rule", "ours s", "GB/s", "NumPy s", "ratio", "target", "C reader GB/s", "share"],
  });
  for (const name of NAMES) {
    const own = median(ours[name]);
    const theirs = numpy && median(numpy[name]);
    const limit = reader && median(reader);
    table.push([
      name,
      own.toFixed(4),
      gigabytes(own),
      theirs?.toFixed(3) ?? "absent",
      theirs ? (theirs / own).toFixed(1) : "absent",
      TARGETS[name],
      limit ? gigabytes(limit) : "absent",
      limit ? (limit / own).toFixed(2) : "absent",
    ]);
  }
  console.log(table.toString());
  const second = new Table({ ...PLAIN_TABLE, head: ["from files", "updates", "s", "GB/s", "peak RSS MB"] });
  for (const { rule, updates: count, seconds, peakBytes } of files) {
    const own = median(seconds);
    second.push([
      rule,
      count,
      own.toFixed(3),
      gigabytes(own, 4 * count * dimension),
      Math.round(peakBytes / 1e6),
    ]);
  }
  console.log(second.toString());
}

function verdicts({ ours, numpy, reader }: Timings, files: readonly FromFiles[]) {
  const ratio = (name: Name) => numpy && median(numpy[name]) / median(ours[name]);
  const peak = Math.max(...files.map(({ peakBytes }) => peakBytes));
  const rows = [
    ...NAMES.map((name) => ({ what: `${name} against NumPy`, value: ratio(name), least: TARGETS[name] })),
    {
      what: "fedavg against the C reader",
      value: reader && median(reader) / median(ours.fedavg),
      least: TARGETS.reader,
    },
  ].map((row) => ({ ...row, met: row.value === null ? null : row.value >= row.least }));
  return [
    ...rows,
    { what: "peak bytes from files", value: peak, most: TARGETS.peakBytes, met: peak <= TARGETS.peakBytes },
  ];
}

async function main(): Promise<void> {
  const paths = writeUpdates(folder, Math.max(updates, many), dimension);
  const engine = await createAggregationEngine({ threads: THREADS });
  const shared = engine.allocate(updates, dimension);
  shared.rows.forEach((row, k) => {
    row.set(readFloats(paths[k]!));
  });
  const numpy = await startNumpy(updates, dimension, HOSTILE, folder);
  const reader = await startReader(folder, updates, dimension);
  for (const name of NAMES) await check(shared, name, numpy);
  const timings = await race(shared, numpy, reader);
  numpy?.stop();
  reader?.stop();
  await engine.stop();
  const counts = many > 0 ? [updates, many] : [updates];
  const files = counts.flatMap((count) => ["fedavg", "median"].map((rule) => fromFiles(count, rule)));
  show(timings, files);
  const targets = verdicts(timings, files);
  for (const { what, value, met } of targets)
    console.log(`${what}: ${value?.toFixed(2) ?? "absent"} ${met === null ? "" : met ? "met" : "MISSED"}`);
  if (options.json) {
    const [processor] = cpus();
    const machine = {
      processor: processor?.model,
      cores: cpus().length,
      memoryBytes: totalmem(),
      platform: `${process.platform} ${process.arch}`,
    };
    const versions = {
      node: process.version,
      kernels: AGGREGATION_KERNEL_SHA256,
      numpy: numpy?.version ?? "absent",
      gcc: reader?.version ?? "absent",
    };
    const setting = { updates, dimension, hostile: HOSTILE, threads: THREADS, runs };
    const record = {
      date: new Date().toISOString(),
      machine,
      versions,
      setting,
      seconds: timings,
      files,
      targets,
    };
    writeFileSync(options.json, `${JSON.stringify(record, null, 2)}\n`);
  }
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
