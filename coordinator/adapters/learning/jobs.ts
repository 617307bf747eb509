import type { TrainingJob } from "../../ports/learning.ts";
import type { WeightedUpdate } from "../../protocol/aggregation/fedavg.ts";
import type { ErrorDetails } from "../../protocol/errors.ts";
import type { Model } from "../../protocol/model/model.ts";

/** What the worker thread is asked to do; one at a time. */
export type Job =
  | { readonly kind: "train"; readonly job: TrainingJob }
  | { readonly kind: "score"; readonly model: Model }
  | { readonly kind: "coalitionScores"; readonly base: Model; readonly updates: readonly WeightedUpdate[] }
  | {
      readonly kind: "coalitionScore";
      readonly base: Model;
      readonly updates: readonly WeightedUpdate[];
      readonly members: readonly number[];
    };

/** What it answers with. */
export interface Results {
  readonly train: Model;
  readonly score: number;
  readonly coalitionScores: number[];
  readonly coalitionScore: number;
}

/** From the worker thread: progress any number of times, then one result or error. */
export type Reply =
  | { readonly progress: { readonly done: number; readonly total: number } }
  | { readonly result: Results[keyof Results] }
  | { readonly error: { readonly code: string; readonly message: string; readonly details: ErrorDetails } };
