import { fedAvg, type WeightedUpdate } from "../aggregation/fedavg.ts";
import { QuorateError } from "../errors.ts";
import { type Model, withFloats } from "../model/model.ts";
import type { Architecture } from "./architecture.ts";
import type { Dataset } from "./dataset.ts";
import type { Kernels } from "./kernels.ts";

/** Above this the 2^N coalitions are too many to score; sampled permutations take over. */
export const MAX_EXACT_CLIENTS = 10;

export interface CoalitionJob {
  readonly kernels: Kernels;
  readonly architecture: Architecture;
  /** The round's base model: v(∅) is its score. */
  readonly base: Model;
  /** Ascending by client address. */
  readonly updates: readonly WeightedUpdate[];
  readonly dataset: Dataset;
}

/**
 * The value of one coalition: the score of the float32 model that FedAvg makes of its members' updates, or of the
 * base model if it is empty.
 * @param members distinct indices into `updates`
 */
export function coalitionScore(job: CoalitionJob, members: readonly number[]): number {
  const { kernels, architecture, base, updates, dataset } = job;
  const ordered = [...members].sort((a, b) => a - b).map((k) => updates[k] as WeightedUpdate);
  const model = ordered.length === 0 ? base : withFloats(base, fedAvg(ordered));
  return kernels.score(architecture, model, dataset);
}

/**
 * Scores of all coalitions by bitmask: bit k stands for update k, index 0 is the empty coalition.
 * @returns 2^N integers
 * @throws QuorateError SHAPLEY_TOO_MANY above ten updates
 */
export function coalitionScores(job: CoalitionJob): number[] {
  const clients = job.updates.length;
  if (clients > MAX_EXACT_CLIENTS) {
    throw new QuorateError(
      "SHAPLEY_TOO_MANY",
      `${clients} updates have too many coalitions to score them all`,
      {
        clients,
        limit: MAX_EXACT_CLIENTS,
      },
    );
  }
  const all = Array.from({ length: clients }, (_, k) => k);
  return Array.from({ length: 2 ** clients }, (_, mask) =>
    coalitionScore(
      job,
      all.filter((k) => (mask >> k) & 1),
    ),
  );
}
