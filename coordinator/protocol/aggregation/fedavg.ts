import { QuorateError } from "../errors.ts";
import { weightedMean } from "./coordinate.ts";

/** A client's values and the number of samples it trained on. */
export interface WeightedUpdate {
  readonly floats: Float32Array;
  /** 1 … 2^32. */
  readonly sampleCount: number | bigint;
}

/** Above these the contract's 256-bit arithmetic could overflow when it checks a coordinate. */
export const MAX_UPDATES = 1024;
export const MAX_SAMPLE_COUNT = 2 ** 32;

/**
 * Federated averaging Σ nₖwₖ / Σ nₖ (McMahan et al. 2017, https://arxiv.org/abs/1602.05629) in the one order of
 * operations that is part of the protocol, per coordinate: a float64 sum that starts at +0 and takes the clients in
 * the order given, every product and sum rounded; one division; one rounding to float32; −0 becomes +0.
 *
 * @param updates ascending by client address; all of one length
 * @returns the averaged values, same length
 * @throws QuorateError AGGREGATION_EMPTY, AGGREGATION_TOO_MANY, AGGREGATION_SAMPLE_COUNT, AGGREGATION_SHAPE,
 *   AGGREGATION_NOT_FINITE
 */
export function fedAvg(updates: readonly WeightedUpdate[]): Float32Array {
  const counts = checkedCounts(updates);
  checkedDimension(updates);
  // Exact: at most 2^10 counts of at most 2^32.
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rows = updates.map(({ floats }) => floats);
  const average = weightedMean(rows, counts, total);
  assertFinite(average);
  return average;
}

/** @throws QuorateError AGGREGATION_EMPTY, AGGREGATION_TOO_MANY, AGGREGATION_SAMPLE_COUNT */
export function checkedCounts(updates: readonly WeightedUpdate[]): readonly number[] {
  if (updates.length === 0)
    throw new QuorateError("AGGREGATION_EMPTY", "there is no update to aggregate", {});
  if (updates.length > MAX_UPDATES) {
    throw new QuorateError("AGGREGATION_TOO_MANY", `${updates.length} updates are more than ${MAX_UPDATES}`, {
      updates: updates.length,
      limit: MAX_UPDATES,
    });
  }
  return updates.map(({ sampleCount }, index) => {
    const count = Number(sampleCount);
    if (Number.isInteger(count) && count >= 1 && count <= MAX_SAMPLE_COUNT) return count;
    throw new QuorateError(
      "AGGREGATION_SAMPLE_COUNT",
      `update ${index} has a sample count of ${sampleCount}: it must be an integer from 1 to 2^32`,
      { index, sampleCount },
    );
  });
}

/** @throws QuorateError AGGREGATION_SHAPE */
export function checkedDimension(updates: readonly WeightedUpdate[]): number {
  const dimension = updates[0]?.floats.length ?? 0;
  updates.forEach(({ floats }, index) => {
    if (floats.length === dimension) return;
    throw new QuorateError(
      "AGGREGATION_SHAPE",
      `update ${index} has ${floats.length} values, the first has ${dimension}`,
      { index, actual: floats.length, expected: dimension },
    );
  });
  return dimension;
}

function assertFinite(average: Float32Array): void {
  const coordinate = average.findIndex((value) => !Number.isFinite(value));
  if (coordinate < 0) return;
  throw new QuorateError(
    "AGGREGATION_NOT_FINITE",
    `coordinate ${coordinate} of the average is ${average[coordinate]}: an update holds values that were never checked`,
    { coordinate },
  );
}
