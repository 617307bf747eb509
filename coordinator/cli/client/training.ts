import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import { QuorateError } from "../../protocol/errors.ts";
import type { Dataset } from "../../protocol/learning/dataset.ts";
import { integerBetween } from "../options.ts";

/** How the reference trainer works on a round. */
export interface TrainingOptions {
  /** Data set file, as `quorate data split` writes it. */
  readonly data: string;
  readonly epochs: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly seed: string;
}

/** Defaults: E = 1 and B = 10 as in McMahan et al. 2017 (arXiv:1602.05629), section 3. */
export const TRAINING_DEFAULTS = { epochs: 1, batch: 10, learningRate: 0.05, seed: "1" } as const;
const MOST_EPOCHS = 100;
const LARGEST_BATCH = 10_000;

export function addTrainingOptions(command: Command): Command {
  return command
    .requiredOption("--data <file>", "data set file (see `quorate data split`)")
    .option("--epochs <n>", "passes over the data", integerBetween(1, MOST_EPOCHS), TRAINING_DEFAULTS.epochs)
    .option("--batch <n>", "samples per step", integerBetween(1, LARGEST_BATCH), TRAINING_DEFAULTS.batch)
    .option("--learning-rate <x>", "step size", parseStepSize, TRAINING_DEFAULTS.learningRate)
    .option("--seed <text>", "seed of the shuffles", TRAINING_DEFAULTS.seed);
}

/** Reads a data set file. @throws QuorateError USAGE, LEARNING_DATASET */
export async function readDataset(path: string): Promise<Dataset> {
  const { parseDataset } = await import("../../protocol/learning/dataset.ts");
  return parseDataset(await readInput(path));
}

/** Reads a file named on the command line. @throws QuorateError USAGE */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new QuorateError(
      "USAGE",
      `${path} can't be read: ${(cause as Error).message}`,
      { path },
      { cause },
    );
  }
}

export function parseStepSize(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1_000)) throw new InvalidArgumentError("expected a positive number.");
  return value;
}
