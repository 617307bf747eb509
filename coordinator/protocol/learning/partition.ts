import { QuorateError } from "../errors.ts";
import { createPrng, type Prng, permutation, type Seed } from "./prng.ts";

export interface PartitionOptions {
  /** Classes of the whole pool. */
  readonly labels: Uint8Array;
  readonly clients: number;
  readonly seed: Seed;
  /** Per client, the part of its labels that is replaced by another class, 0 … 1; missing entries are 0. */
  readonly labelNoise?: readonly number[];
}

/** A client's part of the pool. */
export interface Part {
  /** Positions in the pool. */
  readonly indices: Uint32Array;
  /** The labels the client trains with, noise included. */
  readonly labels: Uint8Array;
}

/**
 * Splits a pool of samples evenly and at random (IID) among clients; up to `clients − 1` samples are left over.
 * Noise replaces the labels of exactly round(noise × size) samples by a uniformly drawn other class.
 * @throws QuorateError LEARNING_PARAMETERS
 */
export function partition(options: PartitionOptions): readonly Part[] {
  const { labels, clients, seed, labelNoise = [] } = options;
  const noiseFits = labelNoise.length <= clients && labelNoise.every((noise) => noise >= 0 && noise <= 1);
  if (!Number.isInteger(clients) || clients < 1 || clients > labels.length || !noiseFits) {
    throw new QuorateError(
      "LEARNING_PARAMETERS",
      `${labels.length} samples can't be split among ${clients} clients with label noise [${labelNoise}]`,
      { samples: labels.length, clients, labelNoise },
    );
  }
  const prng = createPrng(seed);
  const order = permutation(labels.length, prng);
  const classes = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const size = Math.floor(labels.length / clients);
  return Array.from({ length: clients }, (_, client) => {
    const indices = order.slice(client * size, (client + 1) * size);
    const own = Uint8Array.from(indices, (index) => labels[index] as number);
    addNoise(own, Math.round((labelNoise[client] ?? 0) * size), { classes, prng });
    return { indices, labels: own };
  });
}

/** The samples are already in random order, so the first ones are a random choice. */
function addNoise(labels: Uint8Array, count: number, draw: { classes: number; prng: Prng }): void {
  if (draw.classes < 2) return;
  for (let i = 0; i < count; i++) {
    labels[i] = ((labels[i] as number) + 1 + draw.prng.below(draw.classes - 1)) % draw.classes;
  }
}
