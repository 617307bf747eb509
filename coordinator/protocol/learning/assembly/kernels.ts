// Fully connected networks on byte images: forward, backward, SGD and scoring. Strict SIMD and a fixed order of
// operations: the same bits in every process. The host (kernels.ts) lays out the memory and passes pointers.
//
// Weights are kept transposed, [inputs][outputs padded to 4], so that every product of the network is a sum of whole
// rows: out += Σ value·row. Inputs that are zero (background pixels, inactive ReLUs) are left out of the sums.

/** A layer's record: seven 32-bit words, in this order. */
const RECORD: usize = 28;
const INPUTS: usize = 0;
const OUTPUTS: usize = 4;
/** Bytes of one row: padded outputs × 4. */
const STRIDE: usize = 8;
const WEIGHTS: usize = 12;
const BIAS: usize = 16;
/** One row per sample of a batch. */
const ACTIVATIONS: usize = 20;
const DELTAS: usize = 24;

/** A term of a sum: pointer to a row, then the float32 factor. */
const TERM: usize = 8;

let records: usize = 0;
let layers: i32 = 0;
let terms: usize = 0;
/** 256 float32: what a pixel counts as. */
let pixels: usize = 0;

export function heapBase(): usize {
  return __heap_base;
}

/**
 * Names the memory of the network. `termsAt` has room for one term more than the widest layer has inputs and than a
 * batch has samples.
 */
export function setNetwork(recordsAt: usize, layerCount: i32, termsAt: usize, pixelsAt: usize): void {
  records = recordsAt;
  layers = layerCount;
  terms = termsAt;
  pixels = pixelsAt;
  for (let i = 0; i < 256; i++) store<f32>(pixelsAt + ((<usize>i) << 2), <f32>i / 255);
}

/** One pass over `count` samples in the given order, in batches; returns the sum of the samples' losses. */
export function train(images: usize, labels: usize, order: usize, count: i32, batchSize: i32, learningRate: f32): f64 {
  const inputs = <usize>load<i32>(records, INPUTS);
  let loss: f64 = 0;
  for (let from = 0; from < count; from += batchSize) {
    const size = min(batchSize, count - from);
    const batch = order + ((<usize>from) << 2);
    const scale = -learningRate / <f32>size;
    for (let slot = 0; slot < size; slot++) {
      const sample = <usize>load<u32>(batch + ((<usize>slot) << 2));
      forward(images + sample * inputs, slot);
      loss += softmaxDelta(slot, <i32>load<u8>(labels + sample), scale);
    }
    for (let layer = layers - 1; layer > 0; layer--) {
      for (let slot = 0; slot < size; slot++) propagateDelta(layer, slot);
      updateHidden(layer, size);
    }
    updateFirst(images, batch, size);
  }
  return loss;
}

/** Number of samples whose greatest output is their label; of equal outputs the lowest class counts. */
export function score(images: usize, labels: usize, count: i32): i32 {
  const inputs = <usize>load<i32>(records, INPUTS);
  const last = record(layers - 1);
  const outputs = load<i32>(last, OUTPUTS);
  const logits = <usize>load<u32>(last, ACTIVATIONS);
  let correct = 0;
  for (let sample: usize = 0; sample < <usize>count; sample++) {
    forward(images + sample * inputs, 0);
    let best = 0;
    for (let j = 1; j < outputs; j++) {
      if (load<f32>(logits + ((<usize>j) << 2)) > load<f32>(logits + ((<usize>best) << 2))) best = j;
    }
    correct += i32(best == <i32>load<u8>(labels + sample));
  }
  return correct;
}

function record(layer: i32): usize {
  return records + <usize>layer * RECORD;
}

/** The row of a batch sample in a layer's activations or deltas. */
function row(layer: usize, field: usize, slot: i32): usize {
  return <usize>load<u32>(layer + field) + <usize>slot * <usize>load<u32>(layer, STRIDE);
}

/** Computes all layers' activations of one image. */
function forward(image: usize, slot: i32): void {
  let count = imageTerms(image);
  for (let l = 0; l < layers; l++) {
    const layer = record(l);
    const stride = <usize>load<u32>(layer, STRIDE);
    const out = row(layer, ACTIVATIONS, slot);
    memory.copy(out, <usize>load<u32>(layer, BIAS), stride);
    accumulate(out, stride, count);
    if (l + 1 < layers) count = rectify(out, load<i32>(layer, OUTPUTS), record(l + 1));
  }
}

/** Lists the first layer's terms of an image: its pixels other than 0. */
function imageTerms(image: usize): i32 {
  const layer = records;
  const inputs = <usize>load<i32>(layer, INPUTS);
  const weights = <usize>load<u32>(layer, WEIGHTS);
  const stride = <usize>load<u32>(layer, STRIDE);
  let term = terms;
  for (let i: usize = 0; i < inputs; ) {
    // Most of an image is background: step over eight zero pixels at once.
    if (i + 8 <= inputs && load<u64>(image + i) == 0) {
      i += 8;
      continue;
    }
    for (const end = min(i + 8, inputs); i < end; i++) {
      const pixel = <usize>load<u8>(image + i);
      term = list(term, weights + i * stride, load<f32>(pixels + (pixel << 2)));
    }
  }
  return <i32>((term - terms) / TERM);
}

/** ReLU in place; lists the next layer's terms: the values above 0. */
function rectify(values: usize, count: i32, next: usize): i32 {
  const weights = <usize>load<u32>(next, WEIGHTS);
  const stride = <usize>load<u32>(next, STRIDE);
  let term = terms;
  for (let i: usize = 0; i < <usize>count; i++) {
    const value = load<f32>(values + (i << 2));
    const positive = select<f32>(value, 0, value > 0);
    store<f32>(values + (i << 2), positive);
    term = list(term, weights + i * stride, positive);
  }
  return <i32>((term - terms) / TERM);
}

/** Writes a term and steps past it unless its factor is 0; a branch here would be mispredicted half of the time. */
// @ts-ignore: decorator
@inline
function list(term: usize, rowAt: usize, factor: f32): usize {
  store<u32>(term, <u32>rowAt);
  store<f32>(term, factor, 4);
  return term + select<usize>(TERM, 0, factor != 0);
}

/** out += Σ value·row over the listed terms, in their order for every element; rows of `bytes` bytes. */
function accumulate(out: usize, bytes: usize, count: i32): void {
  let term = terms;
  let left = count;
  for (; left >= 4; left -= 4, term += 4 * TERM) {
    const p0 = <usize>load<u32>(term);
    const p1 = <usize>load<u32>(term, 8);
    const p2 = <usize>load<u32>(term, 16);
    const p3 = <usize>load<u32>(term, 24);
    const v0 = v128.load_splat<f32>(term, 4);
    const v1 = v128.load_splat<f32>(term, 12);
    const v2 = v128.load_splat<f32>(term, 20);
    const v3 = v128.load_splat<f32>(term, 28);
    for (let at: usize = 0; at < bytes; at += 16) {
      let sum = f32x4.add(v128.load(out + at), f32x4.mul(v0, v128.load(p0 + at)));
      sum = f32x4.add(sum, f32x4.mul(v1, v128.load(p1 + at)));
      sum = f32x4.add(sum, f32x4.mul(v2, v128.load(p2 + at)));
      sum = f32x4.add(sum, f32x4.mul(v3, v128.load(p3 + at)));
      v128.store(out + at, sum);
    }
  }
  for (; left > 0; left--, term += TERM) {
    const p = <usize>load<u32>(term);
    const v = v128.load_splat<f32>(term, 4);
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(out + at, f32x4.add(v128.load(out + at), f32x4.mul(v, v128.load(p + at))));
    }
  }
}

/** Cross-entropy of the softmax of a sample's outputs; writes its gradient × scale into the last layer's deltas. */
function softmaxDelta(slot: i32, label: i32, scale: f32): f64 {
  const layer = record(layers - 1);
  const outputs = load<i32>(layer, OUTPUTS);
  const logits = row(layer, ACTIVATIONS, slot);
  const deltas = row(layer, DELTAS, slot);
  let greatest = load<f32>(logits);
  for (let j = 1; j < outputs; j++) greatest = max(greatest, load<f32>(logits + ((<usize>j) << 2)));
  let sum: f64 = 0;
  for (let j = 0; j < outputs; j++) sum += Math.exp(<f64>load<f32>(logits + ((<usize>j) << 2)) - <f64>greatest);
  for (let j = 0; j < outputs; j++) {
    const at = (<usize>j) << 2;
    const probability = Math.exp(<f64>load<f32>(logits + at) - <f64>greatest) / sum;
    store<f32>(deltas + at, <f32>(probability - (j == label ? 1 : 0)) * scale);
  }
  return Math.log(sum) + <f64>greatest - <f64>load<f32>(logits + ((<usize>label) << 2));
}

/** Deltas of the layer below: the dot product of each weight row with this layer's deltas where the ReLU was active. */
function propagateDelta(l: i32, slot: i32): void {
  const layer = record(l);
  const below = record(l - 1);
  const active = row(below, ACTIVATIONS, slot);
  const out = row(below, DELTAS, slot);
  const deltas = row(layer, DELTAS, slot);
  const stride = <usize>load<u32>(layer, STRIDE);
  const inputs = <usize>load<i32>(layer, INPUTS);
  let weights = <usize>load<u32>(layer, WEIGHTS);
  let term = terms;
  for (let i: usize = 0; i < inputs; i++, weights += stride) {
    store<f32>(out + (i << 2), 0);
    store<u32>(term, <u32>weights);
    store<u32>(term, <u32>(out + (i << 2)), 4);
    term += select<usize>(TERM, 0, load<f32>(active + (i << 2)) > 0);
  }
  const end = term;
  for (term = terms; term + 4 * TERM <= end; term += 4 * TERM) dotFour(term, deltas, stride);
  for (; term < end; term += TERM) dotOne(term, deltas, stride);
}

function dotFour(term: usize, deltas: usize, bytes: usize): void {
  const p0 = <usize>load<u32>(term);
  const p1 = <usize>load<u32>(term, 8);
  const p2 = <usize>load<u32>(term, 16);
  const p3 = <usize>load<u32>(term, 24);
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const d = v128.load(deltas + at);
    s0 = f32x4.add(s0, f32x4.mul(d, v128.load(p0 + at)));
    s1 = f32x4.add(s1, f32x4.mul(d, v128.load(p1 + at)));
    s2 = f32x4.add(s2, f32x4.mul(d, v128.load(p2 + at)));
    s3 = f32x4.add(s3, f32x4.mul(d, v128.load(p3 + at)));
  }
  store<f32>(<usize>load<u32>(term, 4), sumLanes(s0));
  store<f32>(<usize>load<u32>(term, 12), sumLanes(s1));
  store<f32>(<usize>load<u32>(term, 20), sumLanes(s2));
  store<f32>(<usize>load<u32>(term, 28), sumLanes(s3));
}

function dotOne(term: usize, deltas: usize, bytes: usize): void {
  const p = <usize>load<u32>(term);
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(deltas + at), v128.load(p + at)));
  }
  store<f32>(<usize>load<u32>(term, 4), sumLanes(sum));
}

function sumLanes(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}

/** SGD step of the first layer: row i += Σ pixel i · deltas over the batch. */
function updateFirst(images: usize, batch: usize, size: i32): void {
  const layer = records;
  const inputs = <usize>load<i32>(layer, INPUTS);
  const stride = <usize>load<u32>(layer, STRIDE);
  let weights = <usize>load<u32>(layer, WEIGHTS);
  for (let i: usize = 0; i < inputs; i++, weights += stride) {
    let term = terms;
    let deltas = row(layer, DELTAS, 0);
    for (let slot = 0; slot < size; slot++, deltas += stride) {
      const sample = <usize>load<u32>(batch + ((<usize>slot) << 2));
      const pixel = <usize>load<u8>(images + sample * inputs + i);
      term = list(term, deltas, load<f32>(pixels + (pixel << 2)));
    }
    accumulate(weights, stride, <i32>((term - terms) / TERM));
  }
  updateBias(layer, size);
}

/** SGD step of a later layer: row i += Σ activation i · deltas over the batch. */
function updateHidden(l: i32, size: i32): void {
  const layer = record(l);
  const below = record(l - 1);
  const inputs = <usize>load<i32>(layer, INPUTS);
  const stride = <usize>load<u32>(layer, STRIDE);
  const belowStride = <usize>load<u32>(below, STRIDE);
  let weights = <usize>load<u32>(layer, WEIGHTS);
  for (let i: usize = 0; i < inputs; i++, weights += stride) {
    let term = terms;
    let deltas = row(layer, DELTAS, 0);
    let active = row(below, ACTIVATIONS, 0) + (i << 2);
    for (let slot = 0; slot < size; slot++, deltas += stride, active += belowStride) {
      term = list(term, deltas, load<f32>(active));
    }
    accumulate(weights, stride, <i32>((term - terms) / TERM));
  }
  updateBias(layer, size);
}

function updateBias(layer: usize, size: i32): void {
  const stride = <usize>load<u32>(layer, STRIDE);
  for (let slot = 0; slot < size; slot++) {
    store<u32>(terms + (<usize>slot) * TERM, <u32>row(layer, DELTAS, slot));
    store<f32>(terms + (<usize>slot) * TERM, 1, 4);
  }
  accumulate(<usize>load<u32>(layer, BIAS), stride, size);
}
