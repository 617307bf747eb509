import type { Dataset } from "../learning/dataset.ts";

// Multinomial logistic regression, weights [inputs][classes] then [classes] of bias, in float64. Only + − × ÷, so a
// simulation gives the same table everywhere.

/** A data set ready for training: of each image only the pixels that are not zero, most of MNIST being background. */
export interface SparseImages {
  readonly starts: Uint32Array;
  readonly positions: Uint16Array;
  /** 0 … 1. */
  readonly values: Float64Array;
  readonly labels: Uint8Array;
  readonly inputs: number;
}

export function sparseImages({ images, labels, count, rows, columns }: Dataset): SparseImages {
  const inputs = rows * columns;
  const filled = images.reduce((n, pixel) => n + (pixel > 0 ? 1 : 0), 0);
  const result = {
    starts: new Uint32Array(count + 1),
    positions: new Uint16Array(filled),
    values: new Float64Array(filled),
    labels,
    inputs,
  };
  let at = 0;
  for (let i = 0; i < count * inputs; i++) {
    if (i % inputs === 0) result.starts[i / inputs] = at;
    const pixel = images[i]!;
    if (pixel === 0) continue;
    result.positions[at] = i % inputs;
    result.values[at] = pixel / 255;
    at++;
  }
  result.starts[count] = at;
  return result;
}

export interface Batch {
  readonly images: SparseImages;
  readonly samples: readonly number[];
  /** What the samples are taken for; their own labels by default. */
  readonly relabel?: (label: number) => number;
}

/** Mean gradient of the cross-entropy over a batch. */
export function softmaxGradient(weights: Float64Array, batch: Batch, classes: number): Float64Array {
  const { images, samples, relabel = (label: number) => label } = batch;
  const gradient = new Float64Array(weights.length);
  const bias = images.inputs * classes;
  for (const sample of samples) {
    const outputs = logits(weights, images, { sample, classes });
    toProbabilities(outputs);
    const label = relabel(images.labels[sample]!);
    outputs[label] = outputs[label]! - 1;
    for (let c = 0; c < classes; c++) {
      outputs[c] = outputs[c]! / samples.length;
      gradient[bias + c] = gradient[bias + c]! + outputs[c]!;
    }
    for (let p = images.starts[sample]!; p < images.starts[sample + 1]!; p++) {
      const row = images.positions[p]! * classes;
      const value = images.values[p]!;
      for (let c = 0; c < classes; c++) gradient[row + c] = gradient[row + c]! + value * outputs[c]!;
    }
  }
  return gradient;
}

/** Part of the images whose greatest output is their label; of equal outputs the lowest class counts. */
export function softmaxAccuracy(weights: Float64Array, images: SparseImages, classes: number): number {
  let correct = 0;
  images.labels.forEach((label, sample) => {
    const outputs = logits(weights, images, { sample, classes });
    let best = 0;
    for (let c = 1; c < classes; c++) if (outputs[c]! > outputs[best]!) best = c;
    if (best === label) correct++;
  });
  return correct / images.labels.length;
}

function logits(
  weights: Float64Array,
  images: SparseImages,
  { sample, classes }: { readonly sample: number; readonly classes: number },
): Float64Array {
  const outputs = weights.slice(images.inputs * classes);
  for (let p = images.starts[sample]!; p < images.starts[sample + 1]!; p++) {
    const row = images.positions[p]! * classes;
    const value = images.values[p]!;
    for (let c = 0; c < classes; c++) outputs[c] = outputs[c]! + value * weights[row + c]!;
  }
  return outputs;
}

function toProbabilities(outputs: Float64Array): void {
  const most = outputs.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let c = 0; c < outputs.length; c++) {
    outputs[c] = exponential(outputs[c]! - most);
    sum += outputs[c]!;
  }
  for (let c = 0; c < outputs.length; c++) outputs[c] = outputs[c]! / sum;
}

/** Below it e^x is not worth a gradient. */
const SMALLEST_EXPONENT = -700;
const TAYLOR_TERMS = 14;

/** e^x for x ≤ 0 to about 1e-15: x = k·ln 2 + r, Taylor's series for e^r, then halved −k times. */
export function exponential(x: number): number {
  if (!(x >= SMALLEST_EXPONENT)) return 0;
  const halvings = Math.round(-x / Math.LN2);
  const rest = x + halvings * Math.LN2;
  let sum = 1;
  for (let term = TAYLOR_TERMS; term > 0; term--) sum = 1 + (sum * rest) / term;
  for (let k = 0; k < halvings; k++) sum /= 2;
  return sum;
}
