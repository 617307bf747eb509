import { QuorateError } from "../errors.ts";

/** One tensor of a model: its name, its safetensors element type and its shape (`[]` is a scalar). */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** What a federation fixes about its models: everything but the values. */
export interface ModelSpec {
  /** Canonical order: float32 tensors by name, then the others by name (names compared as UTF-8 bytes). */
  readonly tensors: readonly TensorSpec[];
  /** `__metadata__` of the header; part of the model's identity, so a federation fixes it too. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A model in memory. `floats` and `others` hold the tensors of `tensors`, one after the other, without gaps. */
export interface Model extends ModelSpec {
  /** Values of all float32 tensors; its length is the model's dimension. */
  readonly floats: Float32Array;
  /** Little-endian bytes of all other tensors; carried along, never averaged. */
  readonly others: Uint8Array;
}

/** Bytes per element of every element type the safetensors format knows. */
const ELEMENT_BYTES: ReadonlyMap<string, number> = new Map([
  ["BOOL", 1],
  ["U8", 1],
  ["I8", 1],
  ["F8_E5M2", 1],
  ["F8_E4M3", 1],
  ["I16", 2],
  ["U16", 2],
  ["F16", 2],
  ["BF16", 2],
  ["I32", 4],
  ["U32", 4],
  ["F32", 4],
  ["F64", 8],
  ["I64", 8],
  ["U64", 8],
]);

/**
 * Bytes of one element. Only float32 is averaged, so other float types are refused rather than carried unaveraged.
 * @throws QuorateError MODEL_DTYPE
 */
export function elementBytes(dtype: string, name: string): number {
  const bytes = ELEMENT_BYTES.get(dtype);
  if (bytes === undefined || (dtype !== "F32" && /^B?F/.test(dtype))) {
    throw new QuorateError(
      "MODEL_DTYPE",
      `tensor "${name}" has element type ${dtype}: weights must be F32 (convert with .float()), other tensors integers or BOOL`,
      { name, dtype },
    );
  }
  return bytes;
}

/** Number of elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Number of float32 values of a model. */
export function dimensionOf(spec: ModelSpec): number {
  return spec.tensors.reduce((sum, t) => sum + (t.dtype === "F32" ? elementCount(t.shape) : 0), 0);
}

/** Orders tensors canonically: float32 first, then by name as UTF-8 bytes. */
export function compareTensors(a: TensorSpec, b: TensorSpec): number {
  const rank = Number(a.dtype !== "F32") - Number(b.dtype !== "F32");
  return rank !== 0 ? rank : compareNames(a.name, b.name);
}

/** Orders strings by code point, which is the order of their UTF-8 bytes (JavaScript's `<` is not, past U+FFFF). */
export function compareNames(a: string, b: string): number {
  const x = [...a];
  const y = [...b];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i]?.codePointAt(0) ?? 0) - (y[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/** A model with the base's header and non-float tensors and new values: what an aggregation makes. */
export function withFloats(base: Model, floats: Float32Array): Model {
  if (floats.length !== base.floats.length) {
    throw new QuorateError(
      "MODEL_SHAPE_MISMATCH",
      `${floats.length} values do not fill a model of dimension ${base.floats.length}`,
      { actual: floats.length, expected: base.floats.length },
    );
  }
  return { ...base, floats };
}

/**
 * Checks that a model has exactly the tensors a federation fixed.
 * @throws QuorateError MODEL_NAME_MISMATCH, MODEL_DTYPE_MISMATCH, MODEL_SHAPE_MISMATCH
 */
export function assertSameArchitecture(model: ModelSpec, spec: ModelSpec): void {
  const expected = new Map(spec.tensors.map((tensor) => [tensor.name, tensor]));
  for (const tensor of model.tensors) {
    const wanted = expected.get(tensor.name);
    if (wanted === undefined)
      throw nameMismatch(`has a tensor "${tensor.name}" the federation's model lacks`, tensor.name);
    expected.delete(tensor.name);
    assertSameTensor(tensor, wanted);
  }
  for (const name of expected.keys()) throw nameMismatch(`lacks the tensor "${name}"`, name);
}

function assertSameTensor(tensor: TensorSpec, wanted: TensorSpec): void {
  if (tensor.dtype !== wanted.dtype) {
    throw new QuorateError(
      "MODEL_DTYPE_MISMATCH",
      `tensor "${tensor.name}" is ${tensor.dtype}, the federation's is ${wanted.dtype}`,
      { name: tensor.name, actual: tensor.dtype, expected: wanted.dtype },
    );
  }
  const same =
    tensor.shape.length === wanted.shape.length && tensor.shape.every((n, i) => n === wanted.shape[i]);
  if (!same) {
    throw new QuorateError(
      "MODEL_SHAPE_MISMATCH",
      `tensor "${tensor.name}" has shape [${tensor.shape}], the federation's has [${wanted.shape}]`,
      { name: tensor.name, actual: tensor.shape, expected: wanted.shape },
    );
  }
}

function nameMismatch(what: string, name: string): QuorateError {
  return new QuorateError("MODEL_NAME_MISMATCH", `the model ${what}`, { name });
}
