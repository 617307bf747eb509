import { Command, InvalidArgumentError } from "commander";
import { parsePercentages } from "../../coordinator/cli/data/split.ts";
import { integerBetween } from "../../coordinator/cli/options.ts";

/** Most miners and clients one machine is asked to carry. */
const MOST_MINERS = 16;
const MOST_CLIENTS = 64;

export interface DemoOptions {
  readonly rounds: number;
  readonly clients: number;
  /** Wrong labels per client, 0 … 1. */
  readonly labelNoise: readonly number[];
  readonly miners: number;
  readonly seed: string;
  /** Folder of everything the run writes; emptied first. */
  readonly out: string;
  readonly keep: boolean;
  readonly json: boolean;
  /** Training samples per client; all of its part if undefined. */
  readonly samples?: number;
  /** Images of the validation set, at most the 6,000 there are; all of them if undefined. */
  readonly validationSize?: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** Defaults of training: E = 1 and B = 10 as in McMahan et al. 2017 (arXiv:1602.05629), section 3. */
export const TRAINING_DEFAULTS = { epochs: 1, batchSize: 10, learningRate: 0.05 } as const;

/** Reads the command line of `npm run demo`. Throws CommanderError. */
export function parseDemoOptions(argv: readonly string[]): DemoOptions {
  const command = new Command("npm run demo --")
    .description("Federated learning rounds by real processes on a local chain, from deployment to audit.")
    .option("--rounds <n>", "rounds to run", integerBetween(1, 1_000), 6)
    .option("--clients <n>", "training clients", integerBetween(1, MOST_CLIENTS), 3)
    .option("--label-noise <list>", "percent of wrong labels per client", parsePercentages, [0, 0.2, 0.5])
    .option("--miners <n>", "miners, at least 2", integerBetween(2, MOST_MINERS), 2)
    .option("--seed <text>", "seed of data split, noise, first model and shuffles", "1")
    .option("--out <folder>", "where the report, the logs and the nodes' folders go", "runs/demo")
    .option("--keep", "leave chain and miners running at the end", false)
    .option("--json", "print the report instead of tables", false)
    .option("--samples <n>", "training samples per client (default: all)", integerBetween(1, 54_000))
    .option(
      "--epochs <n>",
      "passes over the data per round",
      integerBetween(1, 100),
      TRAINING_DEFAULTS.epochs,
    )
    .option(
      "--batch <n>",
      "samples per training step",
      integerBetween(1, 10_000),
      TRAINING_DEFAULTS.batchSize,
    )
    .option("--learning-rate <x>", "step size", parsePositive, TRAINING_DEFAULTS.learningRate)
    .allowExcessArguments(false)
    .exitOverride();
  command.parse(argv, { from: "user" });
  const { batch, ...options } = command.opts();
  const { labelNoise, clients } = options as { labelNoise: readonly number[]; clients: number };
  const full = Array.from({ length: clients }, (_, i) => labelNoise[i] ?? 0);
  return { ...options, batchSize: batch, labelNoise: full } as unknown as DemoOptions;
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1_000)) throw new InvalidArgumentError("expected a positive number.");
  return value;
}
