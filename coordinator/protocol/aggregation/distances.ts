/** Coordinates that the kernels keep in the first-level cache: 8 KB of float32. */
export const TILE = 2048;
/** Tiles whose distances are summed before they are added to the total: threads own whole chunks. */
export const TILES_PER_CHUNK = 64;
export const CHUNK = TILE * TILES_PER_CHUNK;
/** Coordinates added side by side, as one SIMD instruction does. */
const LANES = 4;

/** Squared Euclidean distances between `rows` vectors: `squared[i * rows + l]`, symmetric, zero on the diagonal. */
export interface Distances {
  readonly rows: number;
  readonly squared: Float64Array;
}

/**
 * Squared distances between all vectors, in the one order of operations that is part of the protocol: in each tile of
 * 2,048 coordinates, lane c (0 … 3) adds (x − y)² of the coordinates ≡ c mod 4 in ascending order, every difference,
 * square and sum rounded to float32; the lanes are added in float64 as (0 + 1) + (2 + 3), then tiles into chunks of
 * 64 and chunks into the total in ascending order.
 *
 * Float32 inside a tile keeps the relative error below 2⁻¹⁵ (512 additions), and twice as many coordinates fit an
 * instruction. The differences are taken before squaring: ‖x‖² + ‖y‖² − 2x·y would cancel for models that are alike.
 */
export function squaredDistances(rows: readonly Float32Array[]): Distances {
  const squared = new Float64Array(rows.length ** 2);
  rows.forEach((x, i) => {
    for (let l = 0; l < i; l++) {
      const value = squaredDistance(x, rows[l] as Float32Array);
      squared[i * rows.length + l] = value;
      squared[l * rows.length + i] = value;
    }
  });
  return { rows: rows.length, squared };
}

function squaredDistance(x: Float32Array, y: Float32Array): number {
  let total = 0;
  for (let chunk = 0; chunk < x.length; chunk += CHUNK) {
    let sum = 0;
    const end = Math.min(chunk + CHUNK, x.length);
    for (let tile = chunk; tile < end; tile += TILE) sum += tileDistance(x, y, tile);
    total += sum;
  }
  return total;
}

function tileDistance(x: Float32Array, y: Float32Array, from: number): number {
  const to = Math.min(from + TILE, x.length);
  const lane = (first: number) => {
    let sum = 0;
    for (let j = from + first; j < to; j += LANES) {
      const difference = Math.fround((x[j] as number) - (y[j] as number));
      sum = Math.fround(sum + Math.fround(difference * difference));
    }
    return sum;
  };
  return lane(0) + lane(1) + (lane(2) + lane(3));
}
