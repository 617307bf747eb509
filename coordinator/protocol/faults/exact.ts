// Float32 and float64 arithmetic over integers w·2^149 (IEEE 754-2019, 4.3.1): what the contract's ExactFedAvg does,
// written a second time. Every float32 is such an integer and so is every partial sum, so rounding a float64 is
// rounding an integer to 53 significant bits.

/** A sum's operands: sample counts, and the float32 bits of one coordinate in the same order. */
export interface Terms {
  /** 1 … 2^32 each. */
  readonly samples: readonly number[];
  readonly column: readonly number[];
}

const FLOAT64_BITS = 53;
const FLOAT32_BITS = 24;
/** Quotient bits besides the sticky one: two more than a float64 holds. */
const QUOTIENT_BITS = 55;

/** w·2^149 of float32 bits, which must be finite. */
export function scaled(bits: number): bigint {
  const exponent = exponentOf(bits);
  const fraction = bits & 0x7fffff;
  const magnitude = exponent === 0 ? BigInt(fraction) : BigInt(fraction | 0x800000) << BigInt(exponent - 1);
  return bits >>> 31 === 0 ? magnitude : -magnitude;
}

/** The exponent field, 0 … 255. */
export function exponentOf(bits: number): number {
  return (bits >>> 23) & 0xff;
}

/** Float32 bits of fl32(fl64(Σ n·w ÷ Σ n)), every product and partial sum rounded to float64; −0 becomes +0. */
export function averageBits({ samples, column }: Terms): number {
  let sum = 0n;
  column.forEach((bits, k) => {
    sum = float64(sum + float64(BigInt(samples[k] as number) * scaled(bits)));
  });
  const total = samples.reduce((all, n) => all + BigInt(n), 0n);
  const bits = dividedBits(sum < 0n ? -sum : sum, total);
  return sum < 0n && bits !== 0 ? (bits | 0x80000000) >>> 0 : bits;
}

function float64(value: bigint): bigint {
  const magnitude = value < 0n ? -value : value;
  const drop = bitLength(magnitude) - FLOAT64_BITS;
  if (drop <= 0) return value;
  const rounded = shiftRounded(magnitude, drop) << BigInt(drop);
  return value < 0n ? -rounded : rounded;
}

function dividedBits(magnitude: bigint, total: bigint): number {
  const shift = Math.max(bitLength(total) + QUOTIENT_BITS - bitLength(magnitude), 0);
  const dividend = magnitude << BigInt(shift);
  // A lost remainder must break ties: it stays as the lowest bit, far below the ones that count.
  const sticky = dividend % total === 0n ? 0n : 1n;
  const quotient = float64((dividend / total) | sticky);
  const length = bitLength(quotient);
  // 24 significant bits, but none below 2^-149.
  const drop = Math.max(length - FLOAT32_BITS, shift);
  return Number((BigInt(drop - shift) << 23n) + shiftRounded(quotient, drop));
}

/** value / 2^drop, rounded to the nearest integer, ties to even. */
function shiftRounded(value: bigint, drop: number): bigint {
  if (drop === 0) return value;
  const bits = BigInt(drop);
  return (value + (1n << (bits - 1n)) - 1n + ((value >> bits) & 1n)) >> bits;
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
