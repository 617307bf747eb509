import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

/** What a deterministic draw starts from; a number stands for its decimal digits. */
export type Seed = string | number | Uint8Array;

/** A reproducible sequence of random integers, the same on every machine. */
export interface Prng {
  /** Next 32 random bits, as an unsigned integer. */
  next(): number;
  /** Uniform integer in [0, bound), without modulo bias; 1 ≤ bound ≤ 2^32. */
  below(bound: number): number;
}

/**
 * xoshiro128** 1.1 (Blackman & Vigna, https://prng.di.unimi.it/xoshiro128starstar.c), its state set to the first 16
 * bytes of SHA-256(seed). Integer arithmetic only, so that every process draws the same numbers.
 */
export function createPrng(seed: Seed): Prng {
  const digest = sha256(seed instanceof Uint8Array ? seed : utf8ToBytes(`${seed}`));
  const view = new DataView(digest.buffer, digest.byteOffset);
  const state = new Uint32Array([0, 4, 8, 12].map((at) => view.getUint32(at, true)));
  const next = () => step(state);
  const below = (bound: number) => {
    // Values past the last whole multiple of the bound would favour small results; draw again.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let value = next();
    while (value >= limit) value = next();
    return value % bound;
  };
  return { next, below };
}

/** Uniform random permutation of 0 … count − 1 (Fisher-Yates). */
export function permutation(count: number, prng: Prng): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    const moved = order[i] as number;
    order[i] = order[j] as number;
    order[j] = moved;
  }
  return order;
}

function step(state: Uint32Array): number {
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
  const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
  const c = s2 ^ s0;
  const d = s3 ^ s1;
  state[1] = s1 ^ c;
  state[0] = s0 ^ d;
  state[2] = c ^ (s1 << 9);
  state[3] = rotateLeft(d, 11);
  return result;
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
