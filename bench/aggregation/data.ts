import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Values written at a time. */
const BLOCK = 1 << 18;

/** Samples of update k; numpy_side.py has the same. */
export function samplesOf(k: number): number {
  return 1000 + 37 * k;
}

/**
 * Writes `updates` files of float32 values: a common model plus a difference of each client's own, cheap and
 * reproducible.
 */
export function writeUpdates(folder: string, updates: number, dimension: number): string[] {
  const values = new Float32Array(BLOCK);
  return Array.from({ length: updates }, (_, k) => {
    const path = join(folder, `${k}`);
    const file = openSync(path, "w");
    let common = 1;
    let own = 2 * k + 12_345;
    // Unlike distances, so that Krum's choice does not hang on rounding.
    const spread = 2 ** -36 * (1 + ((7 * k + 3) % updates) / updates);
    for (let from = 0; from < dimension; from += BLOCK) {
      const count = Math.min(BLOCK, dimension - from);
      for (let j = 0; j < count; j++) {
        // Marsaglia's xorshift32.
        common ^= common << 13;
        common ^= common >>> 17;
        common ^= common << 5;
        own ^= own << 13;
        own ^= own >>> 17;
        own ^= own << 5;
        values[j] = common * 2 ** -34 + own * spread;
      }
      writeSync(file, new Uint8Array(values.buffer, 0, 4 * count));
    }
    closeSync(file);
    return path;
  });
}

export function readFloats(path: string): Float32Array {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
