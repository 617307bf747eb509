import type { DenseArchitecture } from "../protocol/round/task.ts";

/** Samples with labels; pixels as bytes 0–255, row-major, `size` floats per sample. */
export interface Samples {
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Seed of the shuffles. */
  readonly seed: number;
}

/** Trains a model deterministically: same input, same bits. `floats` are the canonical float32 values of a model. */
export interface Trainer {
  train(
    architecture: DenseArchitecture,
    floats: Float32Array,
    samples: Samples,
    options: TrainingOptions,
  ): Promise<Float32Array>;
}

/** Scores a model deterministically: the integer count of correct answers. Ties go to the lowest class. */
export interface Evaluator {
  /** Samples in the validation set. */
  readonly size: number;
  score(architecture: DenseArchitecture, floats: Float32Array): Promise<number>;
}
