import type { Model } from "../model/model.ts";
import { type Architecture, type DenseLayer, denseLayers } from "./architecture.ts";
import type { Dataset } from "./dataset.ts";

/** What the compiled kernels export; pointers are byte offsets into `memory`. See assembly/kernels.ts. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): number;
  setNetwork(records: number, layers: number, terms: number, pixels: number): void;
  /** Images, labels, order (uint32), count, batch size, learning rate → sum of losses. */
  train(...args: [number, number, number, number, number, number]): number;
  score(images: number, labels: number, count: number): number;
}

/** Where the parts of a job lie in the kernels' memory. */
export interface NetworkMemory {
  readonly images: number;
  readonly labels: number;
  /** Room for one uint32 per sample. */
  readonly order: number;
  readonly layers: readonly PlacedLayer[];
}

interface PlacedLayer extends DenseLayer {
  /** Floats of a row: the outputs, padded to whole vectors of four. */
  readonly stride: number;
  readonly weights: number;
  readonly bias: number;
}

interface Job {
  readonly architecture: Architecture;
  readonly model: Model;
  readonly dataset: Dataset;
  /** Samples computed before the weights change; 1 for scoring. */
  readonly slots: number;
}

const RECORD_WORDS = 7;
const TERM_BYTES = 8;
const PIXEL_TABLE_BYTES = 256 * 4;
const PAGE_BYTES = 65_536;

/** Writes a network and a data set into the kernels' memory. Nothing of an earlier job is kept. */
export function writeJob(kernels: KernelExports, job: Job): NetworkMemory {
  const { dataset, slots } = job;
  let end = kernels.heapBase();
  const reserve = (bytes: number) => {
    const at = Math.ceil(end / 16) * 16;
    end = at + bytes;
    return at;
  };
  const start = reserve(0);
  const placed = denseLayers(job.architecture).map((layer) => placeLayer(layer, slots, reserve));
  const widest = Math.max(slots, ...placed.map(({ layer }) => layer.inputs));
  // One more than are ever summed: the kernels write a term before they know whether it counts.
  const terms = reserve((widest + 1) * TERM_BYTES);
  const records = reserve(placed.length * RECORD_WORDS * 4);
  const networkEnd = end;
  const pixels = reserve(PIXEL_TABLE_BYTES);
  const images = reserve(dataset.images.length);
  const labels = reserve(dataset.labels.length);
  const order = reserve(4 * dataset.count);
  grow(kernels.memory, end);
  // Padding must be zero: it takes part in the sums.
  new Uint8Array(kernels.memory.buffer).fill(0, start, networkEnd);
  new Uint8Array(kernels.memory.buffer).set(dataset.images, images);
  new Uint8Array(kernels.memory.buffer).set(dataset.labels, labels);
  new Uint32Array(kernels.memory.buffer).set(
    placed.flatMap(({ record }) => record),
    records / 4,
  );
  const layers = placed.map(({ layer }) => layer);
  writeModel(kernels.memory, layers, job.model.floats);
  kernels.setNetwork(records, layers.length, terms, pixels);
  return { images, labels, order, layers };
}

/** Reads the trained values back, in canonical order. */
export function readFloats(
  memory: WebAssembly.Memory,
  layers: readonly PlacedLayer[],
  dimension: number,
): Float32Array {
  const words = new Float32Array(memory.buffer);
  const floats = new Float32Array(dimension);
  for (const { inputs, outputs, stride, weights, bias, weightAt, biasAt } of layers) {
    for (let o = 0; o < outputs; o++) {
      floats[biasAt + o] = words[bias / 4 + o] as number;
      for (let i = 0; i < inputs; i++)
        floats[weightAt + o * inputs + i] = words[weights / 4 + i * stride + o] as number;
    }
  }
  return floats;
}

function writeModel(memory: WebAssembly.Memory, layers: readonly PlacedLayer[], floats: Float32Array): void {
  const words = new Float32Array(memory.buffer);
  for (const { inputs, outputs, stride, weights, bias, weightAt, biasAt } of layers) {
    for (let o = 0; o < outputs; o++) {
      words[bias / 4 + o] = floats[biasAt + o] as number;
      for (let i = 0; i < inputs; i++)
        words[weights / 4 + i * stride + o] = floats[weightAt + o * inputs + i] as number;
    }
  }
}

function placeLayer(
  layer: DenseLayer,
  slots: number,
  reserve: (bytes: number) => number,
): { layer: PlacedLayer; record: number[] } {
  const stride = Math.ceil(layer.outputs / 4) * 4;
  const weights = reserve(4 * layer.inputs * stride);
  const bias = reserve(4 * stride);
  const activations = reserve(4 * slots * stride);
  const deltas = reserve(4 * slots * stride);
  return {
    layer: { ...layer, stride, weights, bias },
    record: [layer.inputs, layer.outputs, 4 * stride, weights, bias, activations, deltas],
  };
}

function grow(memory: WebAssembly.Memory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE_BYTES);
  if (missing > 0) memory.grow(missing);
}
