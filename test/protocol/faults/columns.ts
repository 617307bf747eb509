// Columns that strain the two tests, from a fixed sequence (xorshift32) so that every run sees the same.

import { orderStatistic } from "../../../coordinator/protocol/aggregation/coordinate.ts";
import { fedAvg } from "../../../coordinator/protocol/aggregation/fedavg.ts";
import type { Terms } from "../../../coordinator/protocol/faults/exact.ts";
import type { ProvableRule } from "../../../coordinator/protocol/faults/judge.ts";

export type Random = (below: number) => number;

export function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

const word = new DataView(new ArrayBuffer(4));

export function bitsOf(value: number): number {
  word.setFloat32(0, value);
  return word.getUint32(0);
}

export function floatOf(bits: number): number {
  word.setUint32(0, bits);
  return word.getFloat32(0);
}

type Family = (random: Random, k: number) => number;
const sign = (random: Random) => (random(2) === 0 ? 0 : 0x80000000);
const build = (s: number, exponent: number, fraction: number) => (s | (exponent << 23) | fraction) >>> 0;

/** By name, the bits of the k-th value of a column. */
export const families: Readonly<Record<string, Family>> = {
  weights: (random) => bitsOf((random(2 ** 20) - 2 ** 19) / 2 ** 21 + random(2 ** 20) / 2 ** 45),
  "any bits": (random) => build(sign(random), random(137), random(2 ** 23)),
  ties: (random) => build(0, 127, random(3)),
  cancellation: (random, k) => build(k % 2 === 0 ? 0 : 0x80000000, 136, 0x7fffff - random(2)),
  subnormals: (random) => build(sign(random), random(2), random(2 ** random(24))),
  "binade edges": (random) =>
    build(sign(random), 100 + random(3), random(2) === 0 ? random(2) : 0x7fffff - random(2)),
  "huge and tiny": (random) => build(sign(random), random(2) === 0 ? 136 : random(3), random(2 ** 23)),
  "all equal": () => bitsOf(0.1),
};

const COUNTS = [1, 2, 3, 600, 18_000, 2 ** 32 - 1, 2 ** 32, 3_000_000_001];

export function columnOf(family: Family, random: Random, size: number): Terms {
  const equal = random(2) === 0;
  const same = COUNTS[random(COUNTS.length)] as number;
  return {
    column: Array.from({ length: size }, (_, k) => family(random, k)),
    samples: Array.from({ length: size }, () => (equal ? same : (COUNTS[random(COUNTS.length)] as number))),
  };
}

/** The result of the float64 hardware, by the functions that miners run. */
export function honestBits({ kind, trim }: ProvableRule, { samples, column }: Terms): number {
  const rows = column.map((bits) => Float32Array.of(floatOf(bits)));
  const result =
    kind === "fedavg"
      ? fedAvg(rows.map((floats, k) => ({ floats, sampleCount: samples[k] as number })))
      : orderStatistic(rows, kind, trim);
  return bitsOf(result[0] as number);
}

/** FedAvg's sum in another order: what a library that does not conform may compute. */
export function reorderedBits({ samples, column }: Terms, random: Random): number {
  const order = [...column.keys()];
  for (let i = order.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const values = order.map((k) => (samples[k] as number) * floatOf(column[k] as number));
  // Half the time pairwise, as NumPy adds.
  const pairwise = (from: number, to: number): number =>
    to - from === 1
      ? (values[from] as number)
      : pairwise(from, (from + to) >> 1) + pairwise((from + to) >> 1, to);
  const sum = random(2) === 0 ? values.reduce((a, b) => a + b, 0) : pairwise(0, values.length);
  return bitsOf(Math.fround(sum / samples.reduce((a, b) => a + b, 0)) + 0);
}
