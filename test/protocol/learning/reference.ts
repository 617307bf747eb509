// A second, slow implementation of the networks in float64, straight from the definitions.
import type { Architecture } from "../../../coordinator/protocol/learning/architecture.ts";
import type { Dataset } from "../../../coordinator/protocol/learning/dataset.ts";
import { createPrng } from "../../../coordinator/protocol/learning/prng.ts";

/** weights[layer][output][input]; the last column is the bias. */
export type Network = number[][][];

/** Takes a model's values apart; canonical order is fc1.bias, fc1.weight, fc2.bias … for up to nine layers. */
export function networkOf({ layers }: Architecture, floats: Float32Array): Network {
  let at = 0;
  return layers.slice(1).map((outputs, l) => {
    const inputs = layers[l] as number;
    const bias = floats.subarray(at, at + outputs);
    const weight = floats.subarray(at + outputs, at + outputs * (inputs + 1));
    at += outputs * (inputs + 1);
    return Array.from(bias, (b, o) => [...weight.subarray(o * inputs, (o + 1) * inputs), b]);
  });
}

/** The inverse of {@link networkOf}. */
export function floatsOf(network: Network): number[] {
  return network.flatMap((rows) => [
    ...rows.map((row) => row.at(-1) as number),
    ...rows.flatMap((row) => row.slice(0, -1)),
  ]);
}

export function outputs(network: Network, image: Uint8Array): number[] {
  let values = Array.from(image, (pixel) => Math.fround(pixel / 255));
  network.forEach((rows, l) => {
    const input = [...values, 1];
    values = rows.map((row) => row.reduce((sum, w, i) => sum + w * (input[i] as number), 0));
    if (l + 1 < network.length) values = values.map((x) => Math.max(x, 0));
  });
  return values;
}

export function meanLoss(network: Network, dataset: Dataset): number {
  const features = dataset.rows * dataset.columns;
  const losses = Array.from(dataset.labels, (label, i) => {
    const logits = outputs(network, dataset.images.subarray(i * features, (i + 1) * features));
    const most = Math.max(...logits);
    const sum = logits.reduce((total, x) => total + Math.exp(x - most), 0);
    return Math.log(sum) + most - (logits[label] as number);
  });
  return losses.reduce((a, b) => a + b, 0) / losses.length;
}

/** Central differences of the mean loss, in the order of the model's values. */
export function gradient(architecture: Architecture, floats: readonly number[], dataset: Dataset): number[] {
  const step = 1e-5;
  const lossAt = (index: number, by: number) => {
    const moved = floats.map((x, i) => (i === index ? x + by : x));
    return meanLoss(networkFrom(architecture, moved), dataset);
  };
  return floats.map((_, i) => (lossAt(i, step) - lossAt(i, -step)) / (2 * step));
}

function networkFrom({ layers }: Architecture, floats: readonly number[]): Network {
  let at = 0;
  return layers.slice(1).map((outputs, l) => {
    const inputs = layers[l] as number;
    const start = at;
    at += outputs * (inputs + 1);
    return Array.from({ length: outputs }, (_, o) => {
      const row = start + outputs + o * inputs;
      return [...floats.slice(row, row + inputs), floats[start + o] as number];
    });
  });
}

/** Random images, about half of their pixels 0, with random labels. */
export function randomDataset(
  seed: string,
  shape: { count: number; rows: number; columns: number; classes: number },
): Dataset {
  const prng = createPrng(seed);
  const pixels = shape.count * shape.rows * shape.columns;
  const images = Uint8Array.from({ length: pixels }, () => (prng.below(2) === 0 ? 0 : prng.below(256)));
  const labels = Uint8Array.from({ length: shape.count }, () => prng.below(shape.classes));
  return { images, labels, count: shape.count, rows: shape.rows, columns: shape.columns };
}
