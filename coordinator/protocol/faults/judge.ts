import { middle } from "../aggregation/coordinate.ts";
import { MAX_SAMPLE_COUNT, MAX_UPDATES } from "../aggregation/fedavg.ts";
import { formatRule, isProvable, type Rule } from "../aggregation/rule.ts";
import { QuorateError } from "../errors.ts";
import { averageBits, exponentOf, scaled, type Terms } from "./exact.ts";

/** Largest exponent field of a value, |w| < 2^10, unless the federation sets more. */
export const DEFAULT_MAX_EXPONENT = 136;
/** Above it 256 bits could overflow: |w| < 2^40. */
const LARGEST_MAX_EXPONENT = 166;

/** What a federation lets the contract prove; its immutables. */
export interface ProvableRule {
  readonly kind: "fedavg" | "median" | "trimmed-mean";
  /** Values dropped at each end; 0 unless the kind is trimmed-mean. */
  readonly trim: number;
  readonly maxExponent: number;
}

/**
 * - right: the bits of the protocol's own evaluation;
 * - not-exact: other bits, which another order of float64 additions may give (fails test B alone);
 * - wrong: no plain float64 evaluation of these updates gives it (fails test A too), or out of the domain.
 */
export type Verdict = "right" | "not-exact" | "wrong";

/**
 * The contract's view of a federation's rule.
 * @throws QuorateError FAULT_RULE_NOT_PROVABLE, FAULT_EXPONENT_BOUND
 */
export function provableRule(rule: Rule, maxExponent = DEFAULT_MAX_EXPONENT): ProvableRule {
  if (!Number.isInteger(maxExponent) || maxExponent < 1 || maxExponent > LARGEST_MAX_EXPONENT)
    throw new QuorateError(
      "FAULT_EXPONENT_BOUND",
      `${maxExponent} can't bound the exponent field: use an integer from 1 to ${LARGEST_MAX_EXPONENT}`,
      { maxExponent, largest: LARGEST_MAX_EXPONENT },
    );
  const kind = kindOf(rule);
  if (kind) return { kind, trim: kind === "trimmed-mean" ? (rule.f ?? 0) : 0, maxExponent };
  throw new QuorateError(
    "FAULT_RULE_NOT_PROVABLE",
    `${formatRule(rule)} cannot be proven wrong from one coordinate: only fedavg, median and trimmed-mean without steps can`,
    { rule },
  );
}

/** Of CoordinateJudge.Kind, by position from 1; 0 stands for none. */
const KINDS: readonly ProvableRule["kind"][] = ["fedavg", "median", "trimmed-mean"];

function kindOf(rule: Rule): ProvableRule["kind"] | undefined {
  return isProvable(rule) ? KINDS.find((kind) => kind === rule.name) : undefined;
}

/** Whether the contract can judge a coordinate of the rule's result: of other rules, naming one proves nothing. */
export function isJudged(rule: Rule): boolean {
  return kindOf(rule) !== undefined;
}

/** CoordinateJudge.Rule as FaultProofs holds it. */
export interface ContractRule {
  /** 0: nothing can be proven. */
  readonly kind: number;
  readonly trim: number;
  readonly maxExponent: number;
}

/** What FaultProofs must hold for a federation's rule. */
export function contractRule(rule: Rule): ContractRule {
  if (!isJudged(rule)) return { kind: 0, trim: 0, maxExponent: DEFAULT_MAX_EXPONENT };
  const { kind, ...rest } = provableRule(rule);
  return { kind: KINDS.indexOf(kind) + 1, ...rest };
}

/**
 * Judges one coordinate as the contract does.
 * @param claim float32 bits
 * @throws QuorateError FAULT_INPUT_OUT_OF_DOMAIN (never judged), FAULT_COLUMN, FAULT_SAMPLE_COUNT
 */
export function judge(rule: ProvableRule, claim: number, terms: Terms): Verdict {
  assertJudged(rule, terms);
  const counted = rule.kind === "fedavg" ? terms : keptTerms(rule, terms.column);
  if (averageBits(counted) === claim) return "right";
  if (exponentOf(claim) > rule.maxExponent) return "wrong";
  return isBeyondTolerance(claim, counted) ? "wrong" : "not-exact";
}

/**
 * Test A: 4·|r·N − S| > c·N·U + ⌊(K + 2)·T / 2^51⌋ over integers w·2^149, with S = Σn·w, T = Σn·|w|, N = Σn and U the
 * spacing of float32 at r. c = 2, but 1 if r is a power of two and S/N lies on its zero side.
 */
export function isBeyondTolerance(claim: number, { samples, column }: Terms): boolean {
  let [sum, magnitudes, total] = [0n, 0n, 0n];
  column.forEach((bits, k) => {
    const n = BigInt(samples[k] as number);
    const term = n * scaled(bits);
    sum += term;
    magnitudes += term < 0n ? -term : term;
    total += n;
  });
  const exponent = exponentOf(claim);
  const difference = scaled(claim) * total - sum;
  const zeroSide = claim >>> 31 === 0 ? difference > 0n : difference < 0n;
  const c = (claim & 0x7fffff) === 0 && exponent > 1 && zeroSide ? 1n : 2n;
  const allowed = (c * total) << BigInt(Math.max(exponent, 1) - 1);
  const distance = 4n * (difference < 0n ? -difference : difference);
  return distance > allowed + ((BigInt(column.length + 2) * magnitudes) >> 51n);
}

/** The order that sorts a column, lowest value first: the challenger's hint to the contract. */
export function sortingOrder(column: readonly number[]): readonly number[] {
  const values = column.map(scaled);
  return [...values.keys()].sort((a, b) => {
    const [x, y] = [values[a] as bigint, values[b] as bigint];
    return x < y ? -1 : x > y ? 1 : a - b;
  });
}

function keptTerms({ kind, trim }: ProvableRule, column: readonly number[]): Terms {
  const ranks = kind === "median" ? middle(column.length) : { from: trim, count: column.length - 2 * trim };
  const order = sortingOrder(column).slice(ranks.from, ranks.from + ranks.count);
  return { samples: order.map(() => 1), column: order.map((k) => column[k] as number) };
}

function assertJudged({ kind, trim, maxExponent }: ProvableRule, { samples, column }: Terms): void {
  const count = column.length;
  if (
    count === 0 ||
    count > MAX_UPDATES ||
    samples.length !== count ||
    (kind !== "fedavg" && 2 * trim >= count)
  )
    throw new QuorateError(
      "FAULT_COLUMN",
      `${count} values with ${samples.length} sample counts can't be judged: give one count per value, 1 to ${MAX_UPDATES} of them, more than ${2 * trim}`,
      { values: count, samples: samples.length, trim },
    );
  const bad = samples.findIndex((n) => !Number.isInteger(n) || n < 1 || n > MAX_SAMPLE_COUNT);
  if (bad >= 0)
    throw new QuorateError(
      "FAULT_SAMPLE_COUNT",
      `update ${bad} has ${samples[bad]} samples: 1 to 2^32 count`,
      {
        index: bad,
        samples: samples[bad],
      },
    );
  const outside = column.findIndex((bits) => exponentOf(bits) > maxExponent);
  if (outside >= 0)
    throw new QuorateError(
      "FAULT_INPUT_OUT_OF_DOMAIN",
      `update ${outside} holds a value outside the domain (bits 0x${column[outside]?.toString(16)}): prove the reference bad instead`,
      { index: outside, bits: column[outside] },
    );
}
