import { type AggregationContext, aggregate } from "../aggregation/reference.ts";
import type { Rule } from "../aggregation/rule.ts";
import { QuorateError } from "../errors.ts";
import { createPrng, type Prng, permutation } from "../learning/prng.ts";
import { DEFAULT_MAX_MAGNITUDE } from "../model/safetensors.ts";
import { type Attack, flippedLabel, forge } from "./attack.ts";
import { type SparseImages, softmaxAccuracy, softmaxGradient } from "./softmax.ts";

/** How the training images are dealt out: at random, or one class per client (client i holds class i mod classes). */
export type Split = "iid" | "one-class";

/** Distributed SGD with worker momentum, the last `byzantine` of the clients hostile. */
export interface Simulation {
  readonly rule: Rule;
  readonly attack: Attack;
  readonly split: Split;
  readonly clients: number;
  readonly byzantine: number;
  readonly steps: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** m ← momentum·m + (1 − momentum)·gradient. */
  readonly momentum: number;
  /** Of the split, the batches, the noise and bucketing. Every rule and attack sees the same batches. */
  readonly seed: string;
}

export interface SimulationData {
  readonly train: SparseImages;
  readonly test: SparseImages;
  readonly classes: number;
}

export interface SimulationResult {
  /** Part of the test images classified rightly, 0 … 1. */
  readonly accuracy: number;
  /** Updates refused because their models were not finite or beyond what models may hold, over all steps. */
  readonly refused: number;
  /** Mean part that all hostile updates had in the aggregate; null where coordinates decide for themselves. */
  readonly hostileShare: number | null;
}

/** The setting in which robust rules are usually compared (ByzFL's documentation): 25 clients, 5 hostile. */
export const STANDARD_SETTING = {
  clients: 25,
  byzantine: 5,
  steps: 300,
  batchSize: 32,
  learningRate: 0.1,
  momentum: 0.9,
} as const;

interface Client {
  readonly samples: readonly number[];
  readonly draw: Prng;
  momentum: Float32Array;
}

/**
 * Trains a softmax regression from zero under an attack and reports what it is worth.
 * @throws QuorateError SIMULATION_PARAMETERS, and what the rule throws
 */
export function simulate(setting: Simulation, data: SimulationData): SimulationResult {
  assertSetting(setting);
  const { train, test, classes } = data;
  const weights = new Float64Array((train.inputs + 1) * classes);
  const shards = split(setting, train.labels, classes);
  const clients: Client[] = shards.map((samples, i) => ({
    samples,
    draw: createPrng(`${setting.seed}/batches/${i}`),
    momentum: new Float32Array(weights.length),
  }));
  const noise = createPrng(`${setting.seed}/noise`);
  let centre = new Float32Array(weights.length);
  let refused = 0;
  let share: number | null = 0;
  for (let step = 0; step < setting.steps; step++) {
    for (const [i, client] of clients.entries())
      advance(client, { setting, data, weights, hostile: isHostile(i, setting) });
    const sent = send(clients, { setting, noise });
    const kept = sent.filter(({ floats }) => isAcceptable(floats, weights, setting));
    refused += sent.length - kept.length;
    const result = combine(kept, setting, {
      centre,
      seed: new TextEncoder().encode(`${setting.seed}/${step}`),
    });
    centre = new Float32Array(result.floats);
    const hostile = result.shares.filter((_, k) => kept[k]!.hostile);
    share = hostile.reduce(
      (sum, own) => (sum === null || own === null ? null : sum + own / setting.steps),
      share,
    );
    for (let j = 0; j < weights.length; j++) weights[j] = weights[j]! - setting.learningRate * centre[j]!;
  }
  return { accuracy: softmaxAccuracy(weights, test, classes), refused, hostileShare: share };
}

function combine(
  kept: readonly { floats: Float32Array }[],
  { rule }: Simulation,
  context: AggregationContext,
) {
  const updates = kept.map(({ floats }) => ({ floats, sampleCount: 1 }));
  return aggregate(rule, updates, context);
}

/** What a miner checks of a model: here the one that an update alone would lead to. */
function isAcceptable(floats: Float32Array, weights: Float64Array, { learningRate }: Simulation): boolean {
  return floats.every((value, j) => Math.abs(weights[j]! - learningRate * value) < DEFAULT_MAX_MAGNITUDE);
}

function isHostile(client: number, { clients, byzantine }: Simulation): boolean {
  return client >= clients - byzantine;
}

interface Step {
  readonly setting: Simulation;
  readonly data: SimulationData;
  readonly weights: Float64Array;
  readonly hostile: boolean;
}

function advance(client: Client, { setting, data, weights, hostile }: Step): void {
  const samples = Array.from(
    { length: setting.batchSize },
    () => client.samples[client.draw.below(client.samples.length)]!,
  );
  const flip = hostile && setting.attack.name === "label-flip";
  const relabel = (label: number) => (flip ? flippedLabel(label, data.classes) : label);
  const gradient = softmaxGradient(weights, { images: data.train, samples, relabel }, data.classes);
  const { momentum } = setting;
  client.momentum = client.momentum.map((value, j) => momentum * value + (1 - momentum) * gradient[j]!);
}

function send(
  clients: readonly Client[],
  { setting, noise }: { setting: Simulation; noise: Prng },
): { floats: Float32Array; hostile: boolean }[] {
  const honest = clients.filter((_, i) => !isHostile(i, setting)).map(({ momentum }) => momentum);
  const { attack } = setting;
  // Gradients are differences already, so the attacks need no centre. All but the noise is one vector for all.
  let common: Float32Array | undefined;
  return clients.map(({ momentum }, i) => {
    if (!isHostile(i, setting)) return { floats: momentum, hostile: false };
    const own = attack.name === "none" || attack.name === "label-flip" || attack.name === "gaussian";
    if (own) return { floats: forge(attack, { honest, own: momentum, prng: noise }), hostile: true };
    common ??= forge(attack, { honest, own: momentum, prng: noise });
    return { floats: common, hostile: true };
  });
}

/** Each client's sample numbers. */
function split({ split: kind, clients, seed }: Simulation, labels: Uint8Array, classes: number): number[][] {
  const order = [...permutation(labels.length, createPrng(`${seed}/split`))];
  const shards: number[][] = Array.from({ length: clients }, () => []);
  if (kind === "iid") {
    order.forEach((sample, k) => {
      shards[k % clients]!.push(sample);
    });
    return shards;
  }
  const dealt = new Array<number>(classes).fill(0);
  for (const sample of order) {
    const label = labels[sample]!;
    const holders = Math.ceil((clients - label) / classes);
    if (holders > 0) shards[label + classes * (dealt[label]! % holders)]!.push(sample);
    dealt[label] = dealt[label]! + 1;
  }
  return shards;
}

function assertSetting(setting: Simulation): void {
  const { clients, byzantine, steps, batchSize, learningRate, momentum } = setting;
  const counts = [clients, steps, batchSize].every((n) => Number.isInteger(n) && n >= 1);
  const hostile = Number.isInteger(byzantine) && byzantine >= 0 && byzantine < clients;
  if (counts && hostile && learningRate > 0 && momentum >= 0 && momentum < 1) return;
  throw new QuorateError(
    "SIMULATION_PARAMETERS",
    `can't simulate ${byzantine} hostile of ${clients} clients, ${steps} steps in batches of ${batchSize}, learning ` +
      `rate ${learningRate}, momentum ${momentum}: at least one client must be honest`,
    { clients, byzantine, steps, batchSize, learningRate, momentum },
  );
}
