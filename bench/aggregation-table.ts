// Prints a committed result of the aggregation benchmark as the table of docs/aggregation.md:
// `node bench/aggregation-table.ts bench/results/aggregation.json`.
import { readFileSync } from "node:fs";

interface Target {
  readonly what: string;
  readonly value: number | null;
  readonly runs: readonly number[] | null;
  readonly least?: number;
  readonly most?: number;
}

interface BenchRecord {
  readonly date: string;
  readonly machine: { readonly processor: string; readonly cores: number };
  readonly versions: Readonly<Record<"node" | "numpy" | "gcc", string>>;
  readonly setting: Readonly<Record<"updates" | "dimension" | "threads" | "runs", number>>;
  readonly seconds: {
    readonly ours: Readonly<Record<string, readonly number[]>>;
    readonly numpy: Readonly<Record<string, readonly number[]>> | null;
    readonly reader: readonly number[] | null;
  };
  readonly files: readonly {
    readonly rule: string;
    readonly updates: number;
    readonly seconds: readonly number[];
    readonly peakBytes: number;
  }[];
  readonly targets: readonly Target[];
}

/** Name in `seconds` and in `targets`, then in the table. */
const RIVALS = [
  ["fedavg", "FedAvg", "NumPy as Flower"],
  ["median", "median", "`np.median`"],
  ["krum", "Krum with all distances", "Gram form"],
] as const;

const [file] = process.argv.slice(2);
if (file === undefined) throw new RangeError("name a file that npm run bench:aggregation -- --json wrote");
const record: BenchRecord = JSON.parse(readFileSync(file, "utf8"));
const { date, machine, versions, setting, seconds, files, targets } = record;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const digits = (value: number) => value.toPrecision(3);
const speed = (values: readonly number[]) =>
  `${digits((4 * setting.updates * setting.dimension) / median(values) / 1e9)} GB/s`;

function ratioCells(what: string): string {
  const { value, runs, least } = targets.find((target) => target.what === what)!;
  if (value === null) return `absent | – | ${least}`;
  return `${digits(value)} | ${runs!.map(digits).join(", ")} | ${least}`;
}

const millions = setting.dimension / 1e6;
console.log(
  `| K = ${setting.updates} × ${millions} M float32 | ours | against | ratio | in each run | target |`,
);
console.log("|---|---|---|---|---|---|");
for (const [name, title, rival] of RIVALS) {
  const theirs = seconds.numpy ? `${rival}, ${digits(median(seconds.numpy[name]!))} s` : rival;
  const own = `${digits(median(seconds.ours[name]!))} s`;
  console.log(`| ${title} | ${own} | ${theirs} | ${ratioCells(`${name} against NumPy`)} |`);
}
const reader = seconds.reader ? `C reader, ${speed(seconds.reader)}` : "C reader";
console.log(
  `| FedAvg | ${speed(seconds.ours.fedavg!)} | ${reader} | ${ratioCells("fedavg against the C reader")} |`,
);
const { most } = targets.find((target) => target.most !== undefined)!;
for (const { rule, updates, seconds: own, peakBytes } of files) {
  const took = `${digits(median(own))} s, peak ${Math.round(peakBytes / 1e6)} MB`;
  console.log(`| ${rule}, K = ${updates} from files | ${took} | – | – | – | ${most! / 1e6} MB |`);
}
console.log(
  `\n${date.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, ${setting.threads} threads, ` +
    `${setting.runs} runs; Node ${versions.node}, NumPy ${versions.numpy}, gcc ${versions.gcc}.`,
);
