import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadMnist } from "../../coordinator/adapters/data/mnist.ts";
import { digestOfBytes } from "../../coordinator/adapters/ipfs/cid.ts";
import { FEDAVG, type Rule } from "../../coordinator/protocol/aggregation/rule.ts";
import { type Hex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { initialModel } from "../../coordinator/protocol/learning/architecture.ts";
import { type Dataset, encodeDataset, selectSamples } from "../../coordinator/protocol/learning/dataset.ts";
import { KERNEL_VERSION } from "../../coordinator/protocol/learning/kernel-version.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeTask } from "../../coordinator/protocol/round/task.ts";

/** What RoundConsensus stores about the task, in the order of IRoundConsensus.Task. */
export interface TaskRecord {
  readonly taskHash: Hex;
  readonly genesisModelRoot: Hex;
  /** Zero: every node derives the first model from its seed. */
  readonly genesisModelCid: Hex;
  readonly dimension: number;
  readonly validationSize: number;
}

export interface TaskOptions {
  /** Seed of the first model. */
  readonly seed: string;
  /** Widths of the layers; default the 2NN of McMahan et al. 2017 (arXiv:1602.05629), section 3. */
  readonly layers?: readonly number[];
  /** FedAvg by default. */
  readonly rule?: Rule;
  /** Use only the first so many of the 6,000 validation images. */
  readonly validationSize?: number;
}

export const TASK_FILE = "task.json";
export const VALIDATION_FILE = "validation.qrdata";
const TWO_NN = [784, 200, 200, 10];

/** Writes the MNIST task and its validation set into `folder` and returns what goes on chain. */
export async function writeTaskFiles(folder: string, options: TaskOptions): Promise<TaskRecord> {
  const validation = await validationSet(options.validationSize);
  const validationBytes = encodeDataset(validation);
  const architecture = { kind: "dense", layers: options.layers ?? TWO_NN } as const;
  const task = {
    name: "MNIST digits",
    architecture,
    kernels: KERNEL_VERSION,
    genesisSeed: options.seed,
    rule: options.rule ?? FEDAVG,
    validation: { cid: await digestOfBytes(validationBytes), size: validation.count },
  } as const;
  const taskBytes = encodeTask(task);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, VALIDATION_FILE), validationBytes);
  await writeFile(join(folder, TASK_FILE), taskBytes);
  const genesis = initialModel(architecture, options.seed);
  return {
    taskHash: await digestOfBytes(taskBytes),
    genesisModelRoot: modelRoot(genesis, sha256),
    genesisModelCid: ZERO_HASH,
    dimension: genesis.floats.length,
    validationSize: validation.count,
  };
}

async function validationSet(size: number | undefined): Promise<Dataset> {
  const { validation } = await loadMnist();
  if (size === undefined || size >= validation.count) return validation;
  return selectSamples(
    validation,
    Uint32Array.from({ length: size }, (_, i) => i),
  );
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}
