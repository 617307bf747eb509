// Prints the table of docs/fault-proofs.md: of honest FedAvg results with one bit flipped, which share the exact replay
// (B) and the tolerance (A) find; and counts false alarms over at least 200,000 honest results. `--sample`: a tenth.
import { averageBits } from "../../coordinator/protocol/faults/exact.ts";
import { isBeyondTolerance, judge, type ProvableRule } from "../../coordinator/protocol/faults/judge.ts";
import { columnOf, families, honestBits, randomFrom, reorderedBits } from "../protocol/faults/columns.ts";

const sample = process.argv.includes("--sample");
const HONEST = sample ? 20_000 : 210_000;
const FLIPS = sample ? 200 : 2_000;
const FEDAVG: ProvableRule = { kind: "fedavg", trim: 0, maxExponent: 136 };
const RULES: readonly ProvableRule[] = [
  FEDAVG,
  { ...FEDAVG, kind: "median" },
  { ...FEDAVG, kind: "trimmed-mean", trim: 1 },
];
const random = randomFrom(0x0ddba11);

/** Honest results of all families and rules; FedAvg's also added up in other orders, which only B may refuse. */
function falseAlarms(): { honest: number; byReplay: number; byTolerance: number } {
  const count = { honest: 0, byReplay: 0, byTolerance: 0 };
  const names = Object.keys(families);
  for (let i = 0; count.honest < HONEST; i++) {
    const size = i % 5_000 === 0 ? 1_024 : i % 100 === 0 ? 100 : 3 + random(10);
    const terms = columnOf(families[names[i % names.length] as string]!, random, size);
    for (const rule of RULES) {
      count.honest++;
      const verdict = judge(rule, honestBits(rule, terms), terms);
      if (verdict !== "right") count.byReplay++;
      if (verdict === "wrong") count.byTolerance++;
    }
    for (const bits of [honestBits(FEDAVG, terms), reorderedBits(terms, random)])
      if (isBeyondTolerance(bits, terms)) count.byTolerance++;
  }
  return count;
}

const BITS = [...Array(23).keys(), "exponent", "sign"] as const;

/** Shares found by A and by B for each kind of flip, K updates of ordinary weights. */
function detection(size: number): readonly string[] {
  return BITS.map((bit) => {
    let [byTolerance, byReplay] = [0, 0];
    for (let i = 0; i < FLIPS; i++) {
      const terms = columnOf(families.weights!, random, size);
      const honest = averageBits(terms);
      const place = bit === "sign" ? 31 : bit === "exponent" ? 23 + random(8) : bit;
      const verdict = judge(FEDAVG, (honest ^ (2 ** place)) >>> 0, terms);
      if (verdict !== "right") byReplay++;
      if (verdict === "wrong") byTolerance++;
    }
    const share = (n: number) => ((100 * n) / FLIPS).toFixed(n === 0 || n === FLIPS ? 0 : 1);
    return `${share(byTolerance)} / ${share(byReplay)}`;
  });
}

const alarms = falseAlarms();
console.log(`${alarms.honest} honest results, false alarms: B ${alarms.byReplay}, A ${alarms.byTolerance}`);
const sizes = [2, 3, 10, 100];
const columns = sizes.map(detection);
console.log(`\n| flipped bit | ${sizes.map((k) => `K = ${k}, A / B %`).join(" | ")} |`);
console.log(`|---|${"---|".repeat(sizes.length)}`);
for (const [i, bit] of BITS.entries())
  console.log(`| ${bit} | ${columns.map((column) => column[i]).join(" | ")} |`);
process.exitCode = alarms.byReplay + alarms.byTolerance === 0 ? 0 : 1;
