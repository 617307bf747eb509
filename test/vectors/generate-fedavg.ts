// Writes fedavg.json: `node test/vectors/generate-fedavg.ts`. The expected values come from integer arithmetic alone
// (every number is an integer multiple of 2^-149), so that they check float64 hardware instead of using it.
import { writeFileSync } from "node:fs";
import { fromBits, toBits } from "./float32.ts";

export interface FedAvgVector {
  readonly name: string;
  readonly samples: readonly number[];
  /** inputs[k][j]: bits of coordinate j of client k. */
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** The value of float32 bits as an integer multiple of 2^-149. */
function scaled(bits: string): bigint {
  const word = BigInt(bits);
  const exponent = (word >> 23n) & 0xffn;
  const fraction = word & 0x7fffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | 0x800000n) << (exponent - 1n);
  return word >> 31n === 0n ? magnitude : -magnitude;
}

/** Rounds numerator / denominator · 2^-149 to `precision` significant bits, ties to even; result / 2^shift. */
function rounded(numerator: bigint, denominator: bigint, precision: number): { value: bigint; shift: number } {
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  const shift = 200;
  const quotient = (magnitude << BigInt(shift)) / denominator;
  const sticky = (magnitude << BigInt(shift)) % denominator === 0n ? 0n : 1n;
  const excess = Math.max(quotient.toString(2).length - precision, 0);
  const unit = 1n << BigInt(excess);
  const rest = 2n * (quotient % unit) + sticky;
  let value = quotient / unit;
  if (rest > unit || (rest === unit && value % 2n === 1n)) value += 1n;
  return { value: (negative ? -value : value) * unit, shift };
}

/** A float64 sum or product of multiples of 2^-149: no underflow is possible, so only the precision matters. */
function float64(value: bigint): bigint {
  const { value: result, shift } = rounded(value, 1n, 53);
  return result >> BigInt(shift);
}

function float32Bits(numerator: bigint, shift: number): string {
  const negative = numerator < 0n;
  const magnitude = negative ? -numerator : numerator;
  const whole = magnitude >> BigInt(shift);
  // 24 significant bits, but none below 2^-149.
  const excess = BigInt(Math.max(whole.toString(2).length - 24, 0) + shift);
  const unit = 1n << excess;
  const rest = 2n * (magnitude % unit);
  let value = magnitude / unit;
  if (rest > unit || (rest === unit && value % 2n === 1n)) value += 1n;
  let multiple = value << (excess - BigInt(shift));
  if (multiple === 0n) return "0x00000000";
  let exponent = 0n;
  while (multiple >= 1n << 24n) {
    multiple >>= 1n;
    exponent += 1n;
  }
  const encoded = multiple >= 1n << 23n ? ((exponent + 1n) << 23n) | (multiple & 0x7fffffn) : multiple;
  return `0x${((negative ? 1n << 31n : 0n) | encoded).toString(16).padStart(8, "0")}`;
}

/** The exact protocol computation for one coordinate: bits in, bits out. */
export function averageBits(samples: readonly number[], column: readonly string[]): string {
  let sum = 0n;
  column.forEach((bits, k) => {
    sum = float64(sum + float64(BigInt(samples[k] as number) * scaled(bits)));
  });
  const total = samples.reduce((a, b) => a + b, 0);
  const quotient = rounded(sum, BigInt(total), 53);
  return float32Bits(quotient.value, quotient.shift);
}

function vector(name: string, samples: readonly number[], inputs: readonly (readonly string[])[]): FedAvgVector {
  const output = (inputs[0] as readonly string[]).map((_, j) => averageBits(samples, inputs.map((row) => row[j] as string)));
  return { name, samples, inputs, output };
}

const numbers = (...rows: readonly (readonly number[])[]) => rows.map((row) => row.map(toBits));

/** A fixed sequence of in-domain bit patterns (xorshift32), so that the file does not change when written again. */
function patterns(rows: number, columns: number, seed: number): readonly (readonly string[])[] {
  let state = seed;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const word = () => {
    const bits = ((next() & 0x807fffff) | ((next() % 137) << 23)) >>> 0;
    return toBits(fromBits(`0x${(bits === 0x80000000 ? 0 : bits).toString(16)}`));
  };
  return Array.from({ length: rows }, () => Array.from({ length: columns }, word));
}

const TINY = "0x00000001";
export const fedAvgVectors: readonly FedAvgVector[] = [
  vector("equal weights", [1, 1, 1], numbers([1, 2, 3], [4, 5, 6], [7, 8, 9])),
  vector("one client", [17_999], numbers([0.1, -0.25, 1023.9999, 0])),
  vector("different sample counts", [16_000, 18_000, 20_000], numbers([0.1, -0.2], [0.3, 0.4], [-0.5, 0.6])),
  vector("division that rounds", [1, 1, 1], numbers([0.1, 1, 1], [0.1, 1, 0], [0.2, 0, 0])),
  vector("float32 tie to even, down and up", [1, 1], [
    ["0x3f800000", "0x3f800001", "0xbf800000", "0xbf800001"],
    ["0x3f800001", "0x3f800002", "0xbf800001", "0xbf800002"],
  ]),
  vector("cancellation to zero", [3, 3, 6], numbers([0.7, -0.7, 512], [-0.7, 0.7, 512], [0, 0, -512])),
  vector("cancellation leaves the rounding of the sum", [1, 1, 1], [
    [toBits(1000), toBits(1023)],
    ["0x00000001", toBits(1e-20)],
    [toBits(-1000), toBits(-1023)],
  ]),
  vector("order of summation matters", [1, 1, 1, 1], numbers([1000], [2 ** -44], [2 ** -44], [-1000])),
  vector("subnormal results", [1, 2], [
    [TINY, TINY, "0x00000003", "0x80000001", "0x007fffff"],
    ["0x00000000", TINY, "0x00000000", "0x00000000", "0x00800000"],
  ]),
  vector("underflow to zero keeps no sign", [1, 3], [
    ["0x80000001", TINY],
    ["0x00000000", "0x00000000"],
  ]),
  vector("half of the smallest subnormal ties to even", [1, 1], [
    [TINY, "0x00000003", "0x80000001"],
    ["0x00000000", "0x00000000", "0x00000000"],
  ]),
  vector("negative zero in an input counts as zero", [1, 1], [
    ["0x80000000", "0x80000000"],
    ["0x80000000", toBits(1)],
  ]),
  vector("huge and tiny", [4_294_967_296, 1], [
    [toBits(1023.99994), TINY, toBits(-1023.99994)],
    [TINY, toBits(1023.99994), toBits(1023.99994)],
  ]),
  vector("product wider than 53 bits", [4_294_967_295, 3_000_000_001], numbers([0.1, 1 / 3], [-0.7, 2 / 3])),
  vector("result rounds up to a power of two", [1, 1_000_000], [["0x3f800000"], ["0x3f7fffff"]]),
  vector("five clients, arbitrary bits", [1, 600, 18_000, 54_321, 4_294_967_296], patterns(5, 24, 0x9e3779b9)),
  vector("ten clients, arbitrary bits", [5, 4, 3, 2, 1, 10, 100, 1_000, 10_000, 100_000], patterns(10, 24, 0x2545f491)),
];

if (import.meta.main) {
  writeFileSync(new URL("fedavg.json", import.meta.url), `${JSON.stringify(fedAvgVectors, null, 1)}\n`);
}
