import { QuorateError } from "../errors.ts";
import { createPrng, type Prng, permutation } from "../learning/prng.ts";
import type { ShapleyValues } from "./shapley.ts";

export interface GtgShapleyJob {
  /** Number of clients. */
  readonly n: number;
  /** Fixed by the candidate's inputs, so that every voter draws the same permutations. */
  readonly seed: Uint8Array;
  /** Permutations to sample; default 4 per client. Every client leads the same number, give or take one. */
  readonly permutations?: number;
  /** A permutation ends early once the prefix's value is this close to that of all clients; default 0, in score units. */
  readonly tolerance?: number;
  /** Integer value of a coalition, members ascending; asked at most once per coalition. */
  readonly value: (members: readonly number[]) => number | Promise<number>;
}

const PERMUTATIONS_PER_CLIENT = 4;

/**
 * Estimates Shapley values by guided, truncated permutation sampling: GTG-Shapley (Liu et al. 2022,
 * https://arxiv.org/abs/2109.02053). A fixed number of permutations stands in for the paper's convergence test, so
 * that the result is a function of the seed alone.
 * @returns numerators over the number of permutations; with tolerance 0 their sum is permutations·(v(all) − v(∅))
 * @throws QuorateError SHAPLEY_TABLE if the parameters are out of range or a value is not an integer
 */
export async function gtgShapley(job: GtgShapleyJob): Promise<ShapleyValues> {
  const { n, permutations = PERMUTATIONS_PER_CLIENT * job.n, tolerance = 0 } = job;
  if (![n, permutations].every((x) => Number.isInteger(x) && x >= 1) || !(tolerance >= 0)) {
    throw new QuorateError(
      "SHAPLEY_TABLE",
      `can't sample ${permutations} permutations of ${n} clients with a tolerance of ${tolerance}`,
      { n, permutations, tolerance },
    );
  }
  const value = memoised(job.value);
  const prng = createPrng(job.seed);
  const empty = await value([]);
  const everyone = await value(Array.from({ length: n }, (_, k) => k));
  const sums = new Array<number>(n).fill(0);
  for (let t = 0; t < permutations; t++) {
    let before = empty;
    const members: number[] = [];
    for (const client of guidedPermutation(n, t % n, prng)) {
      if (Math.abs(everyone - before) <= tolerance && tolerance > 0) break;
      members.push(client);
      const after = await value(members);
      sums[client] = (sums[client] as number) + after - before;
      before = after;
    }
  }
  return { numerators: sums.map(BigInt), denominator: BigInt(permutations) };
}

/** A random permutation led by the given client. */
function guidedPermutation(n: number, leader: number, prng: Prng): readonly number[] {
  const others = [...permutation(n - 1, prng)].map((k) => (k < leader ? k : k + 1));
  return [leader, ...others];
}

function memoised(value: GtgShapleyJob["value"]): (members: readonly number[]) => Promise<number> {
  const known = new Map<string, number>();
  return async (members) => {
    const sorted = [...members].sort((a, b) => a - b);
    const key = sorted.join();
    const cached = known.get(key);
    if (cached !== undefined) return cached;
    const result = await value(sorted);
    if (!Number.isSafeInteger(result)) {
      throw new QuorateError("SHAPLEY_TABLE", `coalition [${key}] has the value ${result}, not an integer`, {
        members: sorted,
        value: result,
      });
    }
    known.set(key, result);
    return result;
  };
}
