// The bounds of docs/aggregation.md: MNIST, 25 clients of which 5 hostile, data alike. `--sample`: one attack only.
import { loadMnist } from "../../coordinator/adapters/data/mnist.ts";
import { parseRuleText } from "../../coordinator/protocol/aggregation/rule.ts";
import { parseAttackText } from "../../coordinator/protocol/attacks/attack.ts";
import { STANDARD_SETTING, simulate } from "../../coordinator/protocol/attacks/simulation.ts";
import { sparseImages } from "../../coordinator/protocol/attacks/softmax.ts";

const ROBUST = [
  "median",
  "trimmed-mean:5",
  "meamed:5",
  "krum:5",
  "multi-krum:5",
  "bulyan:5",
  "geometric-median",
  "nnm:5+trimmed-mean:5",
];
const ATTACKS = ["ipm:5", "alie:1.5", "label-flip", "gaussian:10"];
const ROBUST_LEAST = 0.88;
/** A weak attack proves nothing: the mean must fall. */
const MEAN_MOST = { "ipm:5": 0.15, "gaussian:10": 0.6 } as const;

const sample = process.argv.includes("--sample");
const mnist = await loadMnist();
const data = { train: sparseImages(mnist.train), test: sparseImages(mnist.test), classes: 10 };
let failed = 0;

function run(rule: string, attack: string, holds: (accuracy: number) => boolean): void {
  const parsed = { rule: parseRuleText(rule), attack: parseAttackText(attack) };
  const { accuracy } = simulate({ ...STANDARD_SETTING, ...parsed, split: "iid", seed: "1" }, data);
  const held = holds(accuracy);
  if (!held) failed++;
  console.log(`${held ? "ok  " : "FAIL"} ${rule} under ${attack}: ${(100 * accuracy).toFixed(2)} %`);
}

for (const [attack, most] of Object.entries(MEAN_MOST)) run("fedavg", attack, (accuracy) => accuracy <= most);
for (const attack of sample ? ATTACKS.slice(0, 1) : ATTACKS)
  for (const rule of ROBUST) run(rule, attack, (accuracy) => accuracy >= ROBUST_LEAST);
process.exitCode = failed === 0 ? 0 : 1;
