// Writes coordinates.json: `node test/vectors/generate-coordinates.ts`. Honest claims come from float64 hardware, so
// they check the integer arithmetic of both languages; the verdicts on wrong ones are those of the protocol's judge.
import { writeFileSync } from "node:fs";
import { judge, type ProvableRule, sortingOrder } from "../../coordinator/protocol/faults/judge.ts";
import { columnOf, families, honestBits, randomFrom, reorderedBits } from "../protocol/faults/columns.ts";

export interface CoordinateVector {
  readonly name: string;
  readonly kind: ProvableRule["kind"];
  readonly trim: number;
  readonly samples: readonly number[];
  readonly column: readonly number[];
  /** 0x and two bytes for each rank; empty for FedAvg. */
  readonly order: string;
  readonly claims: readonly number[];
  /** 0 right, 1 not exact, 2 wrong; of the claim at the same place. */
  readonly verdicts: readonly number[];
}

const VERDICTS = ["right", "not-exact", "wrong"];
const random = randomFrom(0x51ab_0e77);
const hex = (order: readonly number[]) => `0x${order.map((k) => k.toString(16).padStart(4, "0")).join("")}`;

function vector(name: string, rule: ProvableRule, size: number): CoordinateVector {
  const terms = columnOf(families[name]!, random, size);
  const honest = honestBits(rule, terms);
  const flips = [0, 1, 12, 22, 23, 30, 31].map((bit) => (honest ^ (2 ** bit)) >>> 0);
  const others = rule.kind === "fedavg" ? [reorderedBits(terms, random)] : [];
  const claims = [honest, (honest + 1) >>> 0, ...others, ...flips];
  const { kind, trim } = rule;
  const order = kind === "fedavg" ? "0x" : hex(sortingOrder(terms.column));
  const verdicts = claims.map((claim) => VERDICTS.indexOf(judge(rule, claim, terms)));
  return { name, kind, trim, ...terms, order, claims, verdicts };
}

const sizes = [1, 2, 3, 4, 7, 10, 33];
const rules = [
  { kind: "fedavg", trim: 0, maxExponent: 136 },
  { kind: "median", trim: 0, maxExponent: 136 },
  { kind: "trimmed-mean", trim: 1, maxExponent: 136 },
] as const;

export const coordinateVectors: readonly CoordinateVector[] = [
  ...Object.keys(families).flatMap((name) =>
    rules.flatMap((rule) =>
      sizes.filter((size) => size > 2 * rule.trim).map((size) => vector(name, rule, size)),
    ),
  ),
  ...rules.map((rule) => vector("huge and tiny", rule, 300)),
];

if (import.meta.main) {
  const lines = coordinateVectors.map((one) => JSON.stringify(one)).join(",\n");
  writeFileSync(new URL("coordinates.json", import.meta.url), `[\n${lines}\n]\n`);
}
