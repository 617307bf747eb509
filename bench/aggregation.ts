// Aggregation at memory speed: `npm run bench:aggregation -- [--json FILE] [--updates 20] [--dimension 10000000]
// [--runs 5] [--many 100] [--folder DIR] [--python python3]`. Checks every result, then times ours, NumPy (as Flower aggregates; np.median;
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
    python: { type: "string", default: "python3" },
  },
});
const updates = wholeNumber("updates", 1);
const dimension = wholeNumber("dimension", 1);
const runs = wholeNumber("runs", 1);
const many = wholeNumber("many", 0);
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

function wholeNumber(name: "updates" | "dimension" | "runs" | "many", least: number): number {
  const value = Number(options[name]);
  if (Number.isInteger(value) && value >= least) return value;
  throw new RangeError(`--${name} must be a whole number of ${least} or more, not "${options[name]}"`);
}

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

/** The ratio of the medians and, beside it, the ratio of each run; null for whom there is nobody to race. */
function ratioOf(
  what: string,
  own: readonly number[],
  theirs: readonly number[] | null | undefined,
  least: number,
) {
  if (!theirs) return { what, value: null, runs: null, least, met: null };
  const value = median(theirs) / median(own);
  return { what, value, runs: own.map((seconds, run) => theirs[run]! / seconds), least, met: value >= least };
}

function verdicts({ ours, numpy, reader }: Timings, files: readonly FromFiles[]) {
  const peak = Math.max(...files.map(({ peakBytes }) => peakBytes));
  // The reader ran after each rule: here those count that followed FedAvg.
  const following = reader?.filter((_, k) => k % NAMES.length === NAMES.indexOf("fedavg"));
  return [
    ...NAMES.map((name) => ratioOf(`${name} against NumPy`, ours[name], numpy?.[name], TARGETS[name])),
    ratioOf("fedavg against the C reader", ours.fedavg, following, TARGETS.reader),
    {
      what: "peak bytes from files",
      value: peak,
      runs: files.map(({ peakBytes }) => peakBytes),
      most: TARGETS.peakBytes,
      met: peak <= TARGETS.peakBytes,
    },
  ];
}

function verdictText({ what, value, runs, met }: ReturnType<typeof verdicts>[number]): string {
  if (value === null) return `${what}: absent`;
  const digits = value > 1_000 ? 0 : 2;
  const each = runs!.map((run) => run.toFixed(digits)).join(" ");
  return `${what}: ${value.toFixed(digits)} ${met ? "met" : "MISSED"} (${each})`;
}

async function main(): Promise<void> {
  const paths = writeUpdates(folder, Math.max(updates, many), dimension);
  const engine = await createAggregationEngine({ threads: THREADS });
  const shared = engine.allocate(updates, dimension);
  shared.rows.forEach((row, k) => {
    row.set(readFloats(paths[k]!));
  });
  const numpy = await startNumpy(options.python, updates, dimension, HOSTILE, folder);
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
  for (const target of targets) console.log(verdictText(target));
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
