// PRAFT under load: `npm run bench:praft -- [--json FILE] [--rows a,b] [--seconds 60] [--kills 50]`. Replicas and clients are
// processes of their own, with sockets (TLS), real signatures and logs that are flushed to the disk before anything
// that depends on them is sent. Every row checks first that all replicas executed all that was confirmed.
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { PLAIN_TABLE } from "../coordinator/cli/table.ts";
import { Cluster, type Setting } from "./praft/cluster.ts";
import { killLeaders } from "./praft/faults.ts";
import { agreeOnAll, awaken, catchUp, restart, withCrashed } from "./praft/recovery.ts";
import { measure, type Offer, type Throughput } from "./praft/rows.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "string" },
    rows: { type: "string" },
    seconds: { type: "string", default: "60" },
    kills: { type: "string", default: "50" },
  },
});
const seconds = Number(options.seconds);

interface Result {
  readonly row: string;
  readonly goal: string;
  readonly result: string;
  readonly held: boolean;
  readonly details: unknown;
}

const SATURATED = 1_000_000;
/** Milliseconds that clients collect operations for a bundle, where the rate alone would make small ones. */
const LINGER = 20;
const throughputOf = (least: number) => (measured: Throughput) => ({
  goal: `≥ ${least} op/s`,
  result: `${Math.round(measured.operationsPerSecond)} op/s, p50 ${measured.latency.p50.toFixed(0)} ms, p99 ${measured.latency.p99.toFixed(0)} ms${processorTime(measured)}`,
  held: measured.operationsPerSecond >= least,
});

/** Microseconds of processor per operation: what a busier machine changes least. */
function processorTime({ replicaCores, clientCores, operationsPerSecond }: Throughput): string {
  const each = (cores: number) => ((1e6 * cores) / operationsPerSecond).toFixed(1);
  return `, µs of processor per operation: replicas ${each(replicaCores)}, clients ${each(clientCores)}`;
}

/** Offers operations to `members` fresh replicas, once all of them are up and have executed one. */
async function offer(members: number, change: Partial<Offer>, setting?: Setting): Promise<Throughput> {
  const cluster = await Cluster.open(members, setting);
  try {
    await awaken(cluster);
    const defaults = { rate: SATURATED, bundle: 256, bytes: 32, window: 128, clients: 2 };
    const measured = await measure(cluster, { ...defaults, warmUp: 10, seconds, ...change });
    await agreeOnAll(cluster);
    return measured;
  } finally {
    await cluster.close();
  }
}

const ROWS: Record<string, () => Promise<Omit<Result, "row">>> = {
  "n4-32B": async () => rated(await offer(4, {}), throughputOf(50_000)),
  "n4-1KiB": async () => rated(await offer(4, { bytes: 1_024, bundle: 32 }), throughputOf(12_000)),
  "n4-each-signed": async () => rated(await offer(4, { bundle: 1, window: 1_000 }), throughputOf(4_500)),
  "n4-3500": async () =>
    rated(await offer(4, { rate: 3_500, bundle: 32 }), ({ latency }) => ({
      goal: "p50 ≤ 20 ms, p99 ≤ 100 ms at 3,500 op/s",
      result: `p50 ${latency.p50.toFixed(1)} ms, p99 ${latency.p99.toFixed(1)} ms`,
      held: latency.p50 <= 20 && latency.p99 <= 100,
    })),
  n16: async () =>
    rated(await offer(16, { rate: 11_000, linger: LINGER }), (measured) => ({
      goal: "≥ 10000 op/s, p99 ≤ 250 ms",
      result: throughputOf(10_000)(measured).result,
      held: measured.operationsPerSecond >= 10_000 && measured.latency.p99 <= 250,
    })),
  n100: async () => {
    const load = { rate: 4_500, linger: 100, warmUp: 20, seconds: 10 * seconds };
    const setting = { scheme: "bls", options: ["--timeout-floor", "3000"] } as const;
    return rated(await offer(100, load, setting), (measured) => ({
      goal: "≥ 4000 op/s, p50 ≤ 0.8 s, with BLS, for ten times as long",
      result: throughputOf(4_000)(measured).result,
      held: measured.operationsPerSecond >= 4_000 && measured.latency.p50 <= 800,
    }));
  },
  bytes: async () =>
    rated(await offer(4, { rate: 50_000, linger: LINGER }), ({ extraBytes }) => ({
      goal: "≤ 4 bytes beyond an operation's own, per operation and replica",
      result: `${extraBytes.toFixed(1)} bytes received, at 50,000 op/s of 32 bytes`,
      held: extraBytes <= 4,
    })),
  "n10-crashed": async () => {
    const load = { rate: SATURATED, bundle: 256, bytes: 32, window: 64, clients: 2, warmUp: 5, seconds };
    const [all, left] = await withCrashed(10, load);
    const kept = left.operationsPerSecond / all.operationsPerSecond;
    const result = `${(100 * kept).toFixed(0)} % of ${Math.round(all.operationsPerSecond)} op/s`;
    return { goal: "≥ 80 % kept with 3 of 10 crashed", result, held: kept >= 0.8, details: { all, left } };
  },
  restart: async () => {
    const { cycles, pauses, contradictions } = await restart(Number(options.kills), 1_000);
    const p99 = pauses[Math.ceil(0.99 * pauses.length) - 1]!;
    const result = `p50 ${pauses[pauses.length >> 1]!.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms of ${cycles}; ${contradictions} contradictions`;
    const held = p99 <= 2_000 && contradictions === 0;
    return { goal: "SIGKILL → committing again ≤ 2 s, none", result, held, details: { pauses } };
  },
  "catch-up": async () => {
    const { operations, milliseconds } = await catchUp(500_000);
    const rate = (1_000 * operations) / milliseconds;
    const result = `${Math.round(rate)} op/s: ${operations} in ${Math.round(milliseconds)} ms`;
    return { goal: "≥ 100000 op/s", result, held: rate >= 100_000, details: { operations, milliseconds } };
  },
  "leader-kill": async () => {
    const { kills, pauses } = await killLeaders(Number(options.kills), 3_500);
    const p99 = pauses[Math.ceil(0.99 * pauses.length) - 1]!;
    const p50 = pauses[pauses.length >> 1]!;
    const result = `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms of ${kills}`;
    return { goal: "next commit ≤ 500 ms (p99)", result, held: p99 <= 500, details: { kills, pauses } };
  },
};

function rated(measured: Throughput, rate: (measured: Throughput) => Omit<Result, "row" | "details">) {
  return { ...rate(measured), details: measured };
}

/** Milliseconds of a small write and flush to the disk the logs are on: the median of 200. */
function flushTime(): number {
  const folder = mkdtempSync(join(tmpdir(), "quorate-flush-"));
  const file = openSync(join(folder, "log"), "w");
  const block = Buffer.alloc(4_096, 1);
  const times = Array.from({ length: 200 }, () => {
    writeSync(file, block);
    const started = performance.now();
    fdatasyncSync(file);
    return performance.now() - started;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return times.toSorted((a, b) => a - b)[100]!;
}

const wanted = options.rows?.split(",") ?? Object.keys(ROWS);
const unknown = wanted.find((name) => !(name in ROWS));
if (unknown !== undefined) {
  console.error(`unknown row ${unknown}: ${Object.keys(ROWS).join(", ")}`);
  process.exit(2);
}
const machine = {
  processors: `${cpus().length} × ${cpus()[0]!.model}`,
  memoryBytes: totalmem(),
  node: process.version,
  fdatasyncMilliseconds: flushTime(),
  scheme: "secp256k1",
  durability: "fdatasync before every send that depends on it",
};
console.log(
  `${machine.processors}, Node ${machine.node}, fdatasync ${machine.fdatasyncMilliseconds.toFixed(2)} ms`,
);
const results: Result[] = [];
for (const row of wanted) {
  const result = { row, ...(await ROWS[row]!()) };
  results.push(result);
  console.log(`${result.held ? "held  " : "missed"} ${row}: ${result.result} (${result.goal})`);
}
const table = new Table({ head: ["row", "goal", "result", "held"], ...PLAIN_TABLE });
for (const { row, goal, result, held } of results) table.push([row, goal, result, held ? "yes" : "no"]);
console.log(table.toString());
if (options.json) writeFileSync(options.json, `${JSON.stringify({ machine, results }, null, 1)}\n`);
process.exit(0);
