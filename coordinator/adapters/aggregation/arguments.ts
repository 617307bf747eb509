import { QuorateError } from "../../protocol/errors.ts";
import type { UpdateFile } from "./jobs.ts";

/** More threads than any machine has; each costs memory. */
const MOST_THREADS = 256;

/** @throws QuorateError AGGREGATION_THREADS */
export function assertThreads(threads: number): void {
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return;
  throw new QuorateError(
    "AGGREGATION_THREADS",
    `${threads} threads can't share the work: expected a whole number from 1 to ${MOST_THREADS}`,
    { threads },
  );
}

/** @throws QuorateError AGGREGATION_SHAPE */
export function assertDimension(dimension: number): void {
  if (Number.isSafeInteger(dimension) && dimension >= 0) return;
  throw new QuorateError(
    "AGGREGATION_SHAPE",
    `updates can't have ${dimension} values: expected a whole number of 0 or more`,
    { actual: dimension },
  );
}

/** Node would take an offset below 0 for "wherever the last read ended". @throws QuorateError AGGREGATION_SHAPE */
export function assertOffset({ path, offset = 0 }: UpdateFile): void {
  if (Number.isSafeInteger(offset) && offset >= 0) return;
  throw new QuorateError(
    "AGGREGATION_SHAPE",
    `the values of ${path} can't start at byte ${offset}: expected a whole number of 0 or more`,
    { path, actual: offset },
  );
}
