import { QuorateError } from "../errors.ts";
import { assertSameArchitecture, type Model, withFloats } from "../model/model.ts";
import { DEFAULT_MAX_MAGNITUDE } from "../model/safetensors.ts";
import { type Architecture, modelSpec } from "./architecture.ts";
import { assertDataset, type Dataset } from "./dataset.ts";
import { type KernelExports, type NetworkMemory, readFloats, writeJob } from "./network-memory.ts";
import { createPrng, permutation, type Seed } from "./prng.ts";

export interface TrainingJob {
  readonly architecture: Architecture;
  readonly model: Model;
  readonly dataset: Dataset;
  readonly epochs: number;
  readonly batchSize: number;
  /** Step of plain SGD on the mean gradient of a batch; used as float32. */
  readonly learningRate: number;
  /** Seed of the order of the samples, drawn anew for every epoch. */
  readonly seed: Seed;
  /** Called now and then with samples done and in all; must not throw. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface TrainingResult {
  readonly model: Model;
  /** Mean cross-entropy over the last epoch, for display only. */
  readonly loss: number;
}

/** Deterministic training and scoring: same arguments, same bits, on every machine. Synchronous. */
export interface Kernels {
  /**
   * Trains by stochastic gradient descent on the cross-entropy of the softmax.
   * @throws QuorateError LEARNING_PARAMETERS, LEARNING_DATASET, LEARNING_ARCHITECTURE, MODEL_…_MISMATCH, and
   *   LEARNING_DIVERGED if a weight leaves the domain
   */
  train(job: TrainingJob): TrainingResult;
  /**
   * Number of samples whose greatest output is their label; of equal outputs the lowest class counts.
   * @throws QuorateError LEARNING_DATASET, LEARNING_ARCHITECTURE, MODEL_…_MISMATCH
   */
  score(architecture: Architecture, model: Model, dataset: Dataset): number;
}

/** Batches between two reports of progress. */
const BATCHES_PER_CALL = 100;

/**
 * Instantiates the compiled kernels.
 * @param wasm bytes of kernels.wasm
 */
export function createKernels(wasm: Uint8Array<ArrayBuffer>): Kernels {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), {});
  const kernels = instance.exports as unknown as KernelExports;
  return {
    train: (job) => train(kernels, job),
    score: (architecture, model, dataset) => {
      assertFits(architecture, model, dataset);
      const { images, labels } = writeJob(kernels, { architecture, model, dataset, slots: 1 });
      return kernels.score(images, labels, dataset.count);
    },
  };
}

function train(kernels: KernelExports, job: TrainingJob): TrainingResult {
  const { architecture, model, dataset, epochs, batchSize } = job;
  assertFits(architecture, model, dataset);
  assertParameters(job);
  const network = writeJob(kernels, {
    architecture,
    model,
    dataset,
    slots: Math.min(batchSize, dataset.count),
  });
  const prng = createPrng(job.seed);
  let loss = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(dataset.count, prng);
    new Uint32Array(kernels.memory.buffer).set(order, network.order / 4);
    loss = trainEpoch(kernels, { job, network, epoch });
  }
  const floats = readFloats(kernels.memory, network.layers, model.floats.length);
  const coordinate = floats.findIndex((value) => !(Math.abs(value) < DEFAULT_MAX_MAGNITUDE));
  if (coordinate >= 0) throw diverged(job, `weight ${coordinate} became ${floats[coordinate]}`);
  return { model: withFloats(model, floats), loss: loss / dataset.count };
}

function trainEpoch(
  kernels: KernelExports,
  { job, network, epoch }: { job: TrainingJob; network: NetworkMemory; epoch: number },
): number {
  const { dataset, batchSize, learningRate, epochs } = job;
  const { images, labels, order } = network;
  let loss = 0;
  for (let from = 0; from < dataset.count; ) {
    const count = Math.min(BATCHES_PER_CALL * batchSize, dataset.count - from);
    loss += kernels.train(images, labels, order + 4 * from, count, batchSize, learningRate);
    if (!Number.isFinite(loss)) throw diverged(job, `the loss became ${loss}`);
    from += count;
    job.onProgress?.(epoch * dataset.count + from, epochs * dataset.count);
  }
  return loss;
}

function assertParameters({ epochs, batchSize, learningRate }: TrainingJob): void {
  const counts = [epochs, batchSize].every((n) => Number.isInteger(n) && n >= 1 && n <= 1_000_000);
  if (counts && learningRate > 0 && Number.isFinite(Math.fround(learningRate))) return;
  throw new QuorateError(
    "LEARNING_PARAMETERS",
    `can't train ${epochs} epochs in batches of ${batchSize} at a learning rate of ${learningRate}`,
    { epochs, batchSize, learningRate },
  );
}

function assertFits(architecture: Architecture, model: Model, dataset: Dataset): void {
  assertSameArchitecture(model, modelSpec(architecture));
  assertDataset(dataset);
  const inputs = architecture.layers[0] as number;
  const classes = architecture.layers.at(-1) as number;
  const label = dataset.labels.find((value) => value >= classes);
  if (dataset.count > 0 && dataset.rows * dataset.columns === inputs && label === undefined) return;
  throw new QuorateError(
    "LEARNING_DATASET",
    label === undefined
      ? `${dataset.count} images of ${dataset.rows} × ${dataset.columns} don't suit a network of ${inputs} inputs`
      : `label ${label} is not one of the network's ${classes} classes`,
    { inputs, classes, count: dataset.count, rows: dataset.rows, columns: dataset.columns, label },
  );
}

function diverged({ learningRate }: TrainingJob, what: string): QuorateError {
  return new QuorateError(
    "LEARNING_DIVERGED",
    `training diverged: ${what}; lower the learning rate (now ${learningRate}) or check the data`,
    { learningRate },
  );
}
