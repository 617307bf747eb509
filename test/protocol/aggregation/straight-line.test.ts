import { expect } from "chai";
import { middle, orderStatistic } from "../../../coordinator/protocol/aggregation/coordinate.ts";
import { TILE } from "../../../coordinator/protocol/aggregation/distances.ts";
import {
  MOST_STRAIGHT_LINE,
  type StraightLineSorter,
  straightLineSorter,
} from "../../../coordinator/protocol/aggregation/straight-line.ts";
import { createPrng } from "../../../coordinator/protocol/learning/prng.ts";

const ROWS_AT = 1_024;
const OUT_AT = 8_192;
const TILES_AT = 16_384;
const MEMORY = { initial: 8, maximum: 65_536, shared: true };

/** Sorts one tile of these rows. */
function sorted(rows: readonly Float32Array[], kept: { from: number; count: number }) {
  const memory = new WebAssembly.Memory(MEMORY);
  const compiled = new WebAssembly.Module(straightLineSorter(rows.length, kept) as BufferSource);
  const sorter = new WebAssembly.Instance(compiled, { env: { memory } })
    .exports as unknown as StraightLineSorter;
  const addresses = new Uint32Array(memory.buffer, ROWS_AT, rows.length);
  rows.forEach((row, k) => {
    addresses[k] = TILES_AT + 4 * TILE * k;
    new Float32Array(memory.buffer, addresses[k], TILE).set(row);
  });
  const finite = sorter.sorted(ROWS_AT, OUT_AT);
  return { finite, result: new Float32Array(memory.buffer, OUT_AT, TILE).slice() };
}

function rowsOf(n: number): Float32Array[] {
  const prng = createPrng(`straight ${n}`);
  return Array.from({ length: n }, () =>
    Float32Array.from({ length: TILE }, () => (prng.below(5) - 2) * (prng.below(3) ? 1 : 1e-3)),
  );
}

/** First coordinate whose bits differ; −1 if none. */
function wrongAt(actual: Float32Array, expected: Float32Array): number {
  const bits = new Uint32Array(expected.buffer);
  return new Uint32Array(actual.buffer).findIndex((word, j) => word !== bits[j]);
}

describe("a straight-line sorter", () => {
  it("gives the median's bits for every number of rows it is used for", () => {
    for (let n = 1; n <= MOST_STRAIGHT_LINE; n++) {
      const rows = rowsOf(n);
      const { finite, result } = sorted(rows, middle(n));
      expect(finite).to.equal(1);
      expect(wrongAt(result, orderStatistic(rows, "median", 0)), `${n} rows`).to.equal(-1);
    }
  }).timeout(60_000);

  it("gives the trimmed mean's bits for every number of dropped values", () => {
    for (const n of [1, 2, 5, 8, 13, 20])
      for (let drop = 0; 2 * drop < n; drop++) {
        const rows = rowsOf(n);
        const { result } = sorted(rows, { from: drop, count: n - 2 * drop });
        const expected = orderStatistic(rows, "trimmed-mean", drop);
        expect(wrongAt(result, expected), `${n} rows, ${drop} dropped`).to.equal(-1);
      }
  }).timeout(60_000);

  it("says no if any value is not finite, or if all of them together are not", () => {
    for (const [at, value] of [
      [0, Number.NaN],
      [TILE - 1, Number.POSITIVE_INFINITY],
      [1_023, Number.NEGATIVE_INFINITY],
      [5, 3.4e38],
    ] as const) {
      const rows = rowsOf(6).map((row) => row.slice());
      for (const k of value === 3.4e38 ? [1, 4] : [4]) rows[k]![at] = value;
      expect(sorted(rows, middle(6)).finite, `${value}`).to.equal(0);
    }
  });

  it("is small enough for its place", () => {
    expect(straightLineSorter(20, middle(20)).length).to.be.below(2_500);
    expect(straightLineSorter(MOST_STRAIGHT_LINE, middle(MOST_STRAIGHT_LINE)).length).to.be.below(9_000);
  });
});
