import { QuorateError } from "../errors.ts";
import { compareTensors, type Model, type ModelSpec, type TensorSpec } from "../model/model.ts";
import { createPrng, type Seed } from "./prng.ts";

/** Fully connected layers with ReLU between them and softmax at the end; `layers` are the widths, input first. */
export interface Architecture {
  readonly kind: "dense";
  readonly layers: readonly number[];
}

/** Bounds that keep a hostile task file from exhausting memory. */
const MAX_LAYERS = 16;
const MAX_WIDTH = 65_536;

/** A fully connected layer: where its tensors stand in a model's values. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** Offset of the weight, [outputs, inputs] row by row, as PyTorch's nn.Linear keeps it. */
  readonly weightAt: number;
  /** Offset of the bias, [outputs]. */
  readonly biasAt: number;
}

/**
 * Checks that a value read from outside is an architecture the kernels can run.
 * @throws QuorateError LEARNING_ARCHITECTURE
 */
export function assertArchitecture(value: unknown): asserts value is Architecture {
  const { kind, layers } = (value ?? {}) as Partial<Architecture>;
  const isWidth = (n: unknown) => Number.isInteger(n) && (n as number) >= 1 && (n as number) <= MAX_WIDTH;
  if (kind === "dense" && Array.isArray(layers) && layers.length >= 2 && layers.length <= MAX_LAYERS + 1) {
    if (layers.every(isWidth)) return;
  }
  throw new QuorateError(
    "LEARNING_ARCHITECTURE",
    `not an architecture the kernels can run: expected {kind: "dense", layers: 2 to ${MAX_LAYERS + 1} widths from 1 to ${MAX_WIDTH}}`,
    { architecture: value },
  );
}

/** The tensors of an architecture in canonical order, named as PyTorch would: fc1.bias, fc1.weight, fc2.bias … */
export function modelSpec(architecture: Architecture): ModelSpec {
  assertArchitecture(architecture);
  const { layers } = architecture;
  const tensors = layers.slice(1).flatMap((outputs, i): TensorSpec[] => [
    { name: `fc${i + 1}.weight`, dtype: "F32", shape: [outputs, layers[i] as number] },
    { name: `fc${i + 1}.bias`, dtype: "F32", shape: [outputs] },
  ]);
  return { tensors: tensors.sort(compareTensors), metadata: {} };
}

/** The layers of an architecture in the order of the computation. */
export function denseLayers(architecture: Architecture): readonly DenseLayer[] {
  const offsets = new Map<string, number>();
  let at = 0;
  for (const { name, shape } of modelSpec(architecture).tensors) {
    offsets.set(name, at);
    at += shape.reduce((product, size) => product * size, 1);
  }
  const { layers } = architecture;
  return layers.slice(1).map((outputs, i) => ({
    inputs: layers[i] as number,
    outputs,
    weightAt: offsets.get(`fc${i + 1}.weight`) as number,
    biasAt: offsets.get(`fc${i + 1}.bias`) as number,
  }));
}

/**
 * The model a federation starts from: biases 0, weights uniform in ±√(6 / (inputs + outputs))
 * (Glorot & Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html), drawn in the order of the layers.
 * Only integer draws, ×, ÷ and √ are used, so that every node derives the same bits.
 */
export function initialModel(architecture: Architecture, seed: Seed): Model {
  const spec = modelSpec(architecture);
  const layers = denseLayers(architecture);
  const floats = new Float32Array(layers.reduce((sum, l) => sum + (l.inputs + 1) * l.outputs, 0));
  const prng = createPrng(seed);
  for (const { inputs, outputs, weightAt } of layers) {
    const limit = Math.sqrt(6 / (inputs + outputs));
    for (let i = 0; i < inputs * outputs; i++) {
      // An odd multiple of 2^-24 in (−1, 1): never zero, so never −0.
      const uniform = (2 * (prng.next() >>> 8) + 1) / 2 ** 24 - 1;
      floats[weightAt + i] = uniform * limit;
    }
  }
  return { ...spec, floats, others: new Uint8Array(0) };
}
