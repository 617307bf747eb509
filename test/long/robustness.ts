// The bounds of docs/aggregation.md: MNIST, 25 clients of which 5 hostile, data alike and one class per client.
// `--sample`: one attack on data alike, and the two of one class per client that show a rule doing harm.
import { loadMnist } from "../../coordinator/adapters/data/mnist.ts";
import { parseRuleText } from "../../coordinator/protocol/aggregation/rule.ts";
import { parseAttackText } from "../../coordinator/protocol/attacks/attack.ts";
import { type Split, STANDARD_SETTING, simulate } from "../../coordinator/protocol/attacks/simulation.ts";
import { sparseImages } from "../../coordinator/protocol/attacks/softmax.ts";

const ROBUST = [
  "median",
  "trimmed-mean:5",
  "meamed:5",
  "krum:5",
  "multi-krum:5",
  "mda:5",
  "bulyan:5",
  "geometric-median",
  // τ suits these gradients; 1 is too long.
  "centred-clipping:0.1:3",
  "nnm:5+trimmed-mean:5",
  "adaptive-clipping:5+geometric-median",
];
const ATTACKS = ["ipm:5", "alie:1.5", "label-flip", "gaussian:10"];
const ROBUST_LEAST = 0.88;
/** A weak attack proves nothing: the mean must fall. */
const MEAN_MOST = { "ipm:5": 0.15, "gaussian:10": 0.6 } as const;

/** One class per client: what a rule keeps, and the harm it does when nobody is hostile at all. */
const ONE_CLASS: readonly (readonly [rule: string, attack: string, least: number, most: number])[] = [
  ["fedavg", "none", 0.88, 1],
  ["median", "none", 0, 0.5],
  ["krum:5", "none", 0, 0.2],
  ["bucketing:2+geometric-median", "none", 0.85, 1],
  ["fedavg", "ipm:5", 0, 0.15],
  ["nnm:5+trimmed-mean:5", "ipm:5", 0.68, 1],
  ["multi-krum:5", "ipm:5", 0.6, 1],
  // Attacks that FedAvg hardly notices, and rules that do more harm than they.
  ["fedavg", "sign-flip", 0.85, 1],
  ["trimmed-mean:5", "sign-flip", 0, 0.1],
  ["bucketing:2+geometric-median", "sign-flip", 0.65, 1],
  ["fedavg", "alie:1.5", 0.8, 1],
  ["meamed:5", "alie:1.5", 0, 0.1],
  ["fedavg", "mimic", 0.85, 1],
  ["geometric-median", "mimic", 0, 0.7],
  ["fedavg", "scaling:100", 0.85, 1],
  ["fedavg", "nan", 0.85, 1],
  ["nnm:5+trimmed-mean:5", "gaussian:10", 0.85, 1],
];

const sample = process.argv.includes("--sample");
const mnist = await loadMnist();
const data = { train: sparseImages(mnist.train), test: sparseImages(mnist.test), classes: 10 };
let failed = 0;

interface Trial {
  readonly rule: string;
  readonly attack: string;
  readonly split: Split;
}

function run({ rule, attack, split }: Trial, holds: (accuracy: number) => boolean): void {
  const parsed = { rule: parseRuleText(rule), attack: parseAttackText(attack) };
  const { accuracy } = simulate({ ...STANDARD_SETTING, ...parsed, split, seed: "1" }, data);
  const held = holds(accuracy);
  if (!held) failed++;
  console.log(`${held ? "ok  " : "FAIL"} ${split} ${rule} under ${attack}: ${(100 * accuracy).toFixed(2)} %`);
}

for (const [attack, most] of Object.entries(MEAN_MOST))
  run({ rule: "fedavg", attack, split: "iid" }, (accuracy) => accuracy <= most);
for (const attack of sample ? ATTACKS.slice(0, 1) : ATTACKS)
  for (const rule of ROBUST) run({ rule, attack, split: "iid" }, (accuracy) => accuracy >= ROBUST_LEAST);
for (const [rule, attack, least, most] of sample ? ONE_CLASS.slice(0, 2) : ONE_CLASS)
  run({ rule, attack, split: "one-class" }, (accuracy) => accuracy >= least && accuracy <= most);
process.exitCode = failed === 0 ? 0 : 1;
