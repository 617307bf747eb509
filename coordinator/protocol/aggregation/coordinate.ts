// What is done to each coordinate: float64 sums, one division, one rounding to float32, −0 turned into +0 by adding
// +0 after the rounding. The order of the operands is part of the protocol.

/**
 * Σ weight·row ÷ total, rows ascending; rows of weight 0 are left out.
 * @param rows all of one length
 */
export function weightedMean(
  rows: readonly Float32Array[],
  weights: ArrayLike<number>,
  total: number,
): Float32Array {
  const dimension = rows[0]?.length ?? 0;
  const sums = new Float64Array(dimension);
  rows.forEach((row, k) => {
    const weight = weights[k] as number;
    if (weight === 0) return;
    for (let j = 0; j < dimension; j++) sums[j] = (sums[j] as number) + weight * (row[j] as number);
  });
  const mean = new Float32Array(dimension);
  for (let j = 0; j < dimension; j++) mean[j] = Math.fround((sums[j] as number) / total) + 0;
  return mean;
}

/** Which of a coordinate's sorted values are averaged: `count` of them from position `from`. */
export interface Kept {
  readonly from: number;
  readonly count: number;
}

/**
 * The mean of some of each coordinate's values, added in ascending order from +0.
 *
 * - median: the middle one, or the two middle ones;
 * - trimmed-mean: all but the `drop` lowest and `drop` highest;
 * - meamed: all but the `drop` farthest from the median, taken away one by one from the ends (the upper end on a tie).
 */
export function orderStatistic(
  rows: readonly Float32Array[],
  kind: "median" | "trimmed-mean" | "meamed",
  drop: number,
): Float32Array {
  const dimension = rows[0]?.length ?? 0;
  const column = new Float32Array(rows.length);
  const result = new Float32Array(dimension);
  const fixed = kind === "median" ? middle(rows.length) : { from: drop, count: rows.length - 2 * drop };
  for (let j = 0; j < dimension; j++) {
    for (let k = 0; k < rows.length; k++) column[k] = (rows[k] as Float32Array)[j] as number;
    column.sort();
    const { from, count } = kind === "meamed" ? aroundMedian(column, drop) : fixed;
    let sum = 0;
    for (let k = from; k < from + count; k++) sum += column[k] as number;
    result[j] = Math.fround(sum / count) + 0;
  }
  return result;
}

/** Positions whose mean is the median of `rows` values. */
export function middle(rows: number): Kept {
  return rows % 2 === 1 ? { from: (rows - 1) / 2, count: 1 } : { from: rows / 2 - 1, count: 2 };
}

function aroundMedian(sorted: Float32Array, drop: number): Kept {
  const { from, count } = middle(sorted.length);
  const median = ((sorted[from] as number) + (sorted[from + count - 1] as number)) / 2;
  let low = 0;
  let high = sorted.length - 1;
  for (let dropped = 0; dropped < drop; dropped++) {
    if ((sorted[high] as number) - median >= median - (sorted[low] as number)) high--;
    else low++;
  }
  return { from: low, count: high - low + 1 };
}
