import type { WeightedUpdate } from "../protocol/aggregation/fedavg.ts";
import type { Architecture } from "../protocol/learning/architecture.ts";
import type { Dataset } from "../protocol/learning/dataset.ts";
import type { Model } from "../protocol/model/model.ts";

export interface TrainingJob {
  readonly architecture: Architecture;
  readonly model: Model;
  readonly dataset: Dataset;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Seed of the shuffles. */
  readonly seed: string;
}

/** Trains a model deterministically: same job, same bits, on every machine. */
export interface Trainer {
  train(job: TrainingJob, signal?: AbortSignal): Promise<Model>;
  stop(): Promise<void>;
}

/** Scores models on one validation set, deterministically: integer counts of correct answers. */
export interface Evaluator {
  /** Samples in the validation set. */
  readonly size: number;
  score(model: Model, signal?: AbortSignal): Promise<number>;
  /**
   * Scores of all 2^N coalitions by bitmask (bit k = update k, index 0 = the base model), each the score of the FedAvg
   * of its members. N ≤ 10.
   */
  coalitionScores(base: Model, updates: readonly WeightedUpdate[], signal?: AbortSignal): Promise<number[]>;
  /** Score of one coalition, members as indices into `updates`. */
  coalitionScore(
    base: Model,
    updates: readonly WeightedUpdate[],
    members: readonly number[],
    signal?: AbortSignal,
  ): Promise<number>;
  stop(): Promise<void>;
}
