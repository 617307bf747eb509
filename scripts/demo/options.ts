import { Command, InvalidArgumentError } from "commander";
import { parseAttack } from "../../coordinator/cli/client/poison.ts";
import { parsePercentages } from "../../coordinator/cli/data/split.ts";
import { integerBetween } from "../../coordinator/cli/options.ts";
import {
  FEDAVG,
  formatRule,
  parseRuleText,
  type Rule,
  reasonAgainst,
} from "../../coordinator/protocol/aggregation/rule.ts";
import type { Attack } from "../../coordinator/protocol/attacks/attack.ts";
import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import type { Fault } from "./faults.ts";

/** Most miners and clients one machine is asked to carry. */
const MOST_MINERS = 16;
const MOST_CLIENTS = 64;
/** Above so many clients their coalitions, twice as many with each, are scored on fewer images. */
const FULL_VALIDATION_CLIENTS = 6;
const REDUCED_VALIDATION = 1_000;
/** Images of MNIST's validation set. */
export const VALIDATION_IMAGES = 6_000;

export interface DemoOptions {
  readonly rounds: number;
  readonly clients: number;
  /** Wrong labels per client, 0 … 1. */
  readonly labelNoise: readonly number[];
  /** How updates become a model. */
  readonly rule: Rule;
  /** The last so many clients are hostile and do what `attack` says. */
  readonly byzantine: number;
  readonly attack: Attack;
  readonly miners: number;
  /** Bonds each honest miner may put up for data that nobody serves. */
  readonly bonds?: number;
  /** A miner that is not honest, and those that do the same. */
  readonly faulty?: {
    readonly index: number;
    readonly fault: Fault;
    readonly accomplices?: readonly number[];
  };
  /** Seconds for which an ended round can be contested; the profile's by default. */
  readonly challengeWindow?: number;
  /** More arguments of anvil, if it is to be the chain; paths are relative to `out`. Else a Hardhat chain. */
  readonly anvil?: readonly string[];
  /** Ports the miners' processes listen at, if something stands between them and their endpoints. */
  readonly listenAt?: readonly number[];
  /** Committee file of the replicas in the miners' processes; none run without it. */
  readonly praft?: string;
  readonly seed: string;
  /** Folder of everything the run writes; emptied first. */
  readonly out: string;
  /** A named fault to run instead of the demo; "list" names them. */
  readonly scenario?: string;
  /** So many times as long as usual the deadlines are; 1 by default. Rounds that go well end early all the same. */
  readonly slack?: number;
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

/** Indices of the miners that are not honest. */
export function faultyMiners({ faulty }: Pick<DemoOptions, "faulty">): readonly number[] {
  return faulty ? [faulty.index, ...(faulty.accomplices ?? [])] : [];
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
    .option("--scenario <name>", "make this fault and show what comes of it; list: name them all")
    .option("--keep", "leave chain and miners running at the end", false)
    .option("--json", "print the report instead of tables", false)
    .allowExcessArguments(false)
    .exitOverride();
  addRuleOptions(command);
  addTrainingOptions(command);
  command.parse(argv, { from: "user" });
  const { batch, ...options } = command.opts();
  if (options.byzantine >= options.clients)
    command.error(
      `error: --byzantine ${options.byzantine} of ${options.clients} clients leaves nobody honest`,
    );
  const { labelNoise, clients, rule } = options as Pick<DemoOptions, "labelNoise" | "clients" | "rule">;
  const unfit = reasonAgainst(rule, clients);
  if (unfit) command.error(`error: --rule ${formatRule(rule)}, --clients ${clients}: ${unfit}`);
  const full = Array.from({ length: clients }, (_, i) => labelNoise[i] ?? 0);
  const validationSize = clients > FULL_VALIDATION_CLIENTS ? { validationSize: REDUCED_VALIDATION } : {};
  return { ...validationSize, ...options, batchSize: batch, labelNoise: full } as unknown as DemoOptions;
}

function addRuleOptions(command: Command): void {
  command
    .option(
      "--rule <rule>",
      "aggregation, as in median, nnm:2+trimmed-mean:2, multi-krum:2",
      parseRule,
      FEDAVG,
    )
    .option("--attack <attack>", "what hostile clients send", parseAttack, parseAttack("ipm:5"))
    .option("--byzantine <n>", "how many of the clients are hostile", integerBetween(0, MOST_CLIENTS - 1), 0);
}

function addTrainingOptions(command: Command): void {
  command
    .option("--samples <n>", "training samples per client (default: all)", integerBetween(1, 54_000))
    .option(
      "--validation-size <n>",
      `validation images (default: ${VALIDATION_IMAGES}, above ${FULL_VALIDATION_CLIENTS} clients ${REDUCED_VALIDATION})`,
      integerBetween(1, VALIDATION_IMAGES),
    )
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
    .option("--learning-rate <x>", "step size", parsePositive, TRAINING_DEFAULTS.learningRate);
}

function parseRule(text: string): Rule {
  try {
    return parseRuleText(text);
  } catch (error) {
    if (isQuorateError(error)) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1_000)) throw new InvalidArgumentError("expected a positive number.");
  return value;
}
