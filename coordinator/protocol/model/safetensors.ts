import { QuorateError } from "../errors.ts";
import { decodeHeader, encodeHeader, type FileHeader } from "./header.ts";
import {
  assertSameArchitecture,
  compareTensors,
  dimensionOf,
  elementBytes,
  elementCount,
  type Model,
  type ModelSpec,
} from "./model.ts";

/** Weights are below this in magnitude unless a federation says otherwise; keeps fault proofs sharp. */
export const DEFAULT_MAX_MAGNITUDE = 1024;

export interface ParseOptions {
  /** Every |w| must be below this. */
  readonly maxMagnitude?: number;
  /** Longer files are refused before anything is read. */
  readonly maxBytes?: number;
  /** −0 never enters canonical bytes: refuse it (default) or turn it into +0. */
  readonly negativeZero?: "reject" | "fix";
  /** Takes any value, NaN included: a file that is evidence, not input. */
  readonly anyValue?: boolean;
}

export interface CanonicalizeOptions {
  /** The federation's model: names, types and shapes are checked against it, its metadata is used. */
  readonly federation?: ModelSpec;
  readonly fixNegativeZero?: boolean;
  readonly maxMagnitude?: number;
  readonly maxBytes?: number;
}

const NEGATIVE_ZERO_BITS = 0x80000000;
const EXPONENT_MASK = 0x7f800000;

/**
 * Reads a safetensors file as any library writes it (any tensor order, metadata, padding) and checks every value.
 * @param bytes the whole file
 * @throws QuorateError one of the MODEL_ codes; {@link decodeHeader} lists those of the header, here come
 *   MODEL_TOO_LARGE, MODEL_EMPTY, MODEL_NAN, MODEL_INFINITE, MODEL_NEGATIVE_ZERO, MODEL_OUT_OF_DOMAIN
 */
export function parseModel(bytes: Uint8Array, options: ParseOptions = {}): Model {
  if (options.maxBytes !== undefined && bytes.length > options.maxBytes) {
    throw new QuorateError(
      "MODEL_TOO_LARGE",
      `the model has ${bytes.length} bytes, at most ${options.maxBytes} are allowed`,
      {
        actual: bytes.length,
        limit: options.maxBytes,
      },
    );
  }
  const header = decodeHeader(bytes);
  const model = gather(bytes, header);
  if (model.floats.length === 0) {
    throw new QuorateError("MODEL_EMPTY", "the model has no float32 values to average", {});
  }
  if (!options.anyValue) checkValues(model, options);
  return model;
}

/** Canonical bytes of a model: equal models have equal bytes. */
export function encodeModel(model: Model): Uint8Array {
  const header = encodeHeader(model);
  const floats = floatBytes(model.floats);
  const bytes = new Uint8Array(header.length + floats.length + model.others.length);
  bytes.set(header);
  bytes.set(floats, header.length);
  bytes.set(model.others, header.length + floats.length);
  return bytes;
}

/**
 * Turns any accepted file into canonical bytes. Metadata other than the federation's is dropped, so that who wrote
 * the file leaves no trace in its hash.
 * @throws QuorateError as {@link parseModel} and {@link assertSameArchitecture}
 */
export function canonicalize(bytes: Uint8Array, options: CanonicalizeOptions = {}): Uint8Array {
  const { federation, fixNegativeZero = false, ...limits } = options;
  const model = parseModel(bytes, { ...limits, negativeZero: fixNegativeZero ? "fix" : "reject" });
  if (federation !== undefined) assertSameArchitecture(model, federation);
  return encodeModel({ ...model, metadata: federation?.metadata ?? {} });
}

/** True if the bytes are a valid model in canonical form. */
export function isCanonical(bytes: Uint8Array, options: ParseOptions = {}): boolean {
  try {
    parseCanonical(bytes, options);
    return true;
  } catch (error) {
    if (error instanceof QuorateError) return false;
    throw error;
  }
}

/**
 * Reads a model that must be in canonical form.
 * @throws QuorateError as {@link parseModel}, and MODEL_NOT_CANONICAL
 */
export function parseCanonical(bytes: Uint8Array, options: ParseOptions = {}): Model {
  const model = parseModel(bytes, options);
  assertHeader(bytes, encodeHeader(model));
  return model;
}

/**
 * Reads an update as a miner must receive it: canonical, with exactly the header of the federation's model.
 * @throws QuorateError as {@link parseModel} and {@link assertSameArchitecture}, and MODEL_NOT_CANONICAL
 */
export function parseUpdate(bytes: Uint8Array, federation: ModelSpec, options: ParseOptions = {}): Model {
  const model = parseModel(bytes, options);
  assertSameArchitecture(model, federation);
  assertHeader(bytes, encodeHeader(federation));
  return model;
}

/** Length in bytes of every canonical model of a federation: the natural limit of an upload. */
export function canonicalSize(spec: ModelSpec): number {
  const data = spec.tensors.map((t) => elementCount(t.shape) * elementBytes(t.dtype, t.name));
  return data.reduce((sum, size) => sum + size, encodeHeader(spec).length);
}

/** The bytes of float32 values as they stand in a file; a view, not a copy. */
export function floatBytes(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** Copies the tensors from the file into canonical order. Files are little-endian, and so is every host of V8's. */
function gather(bytes: Uint8Array, header: FileHeader): Model {
  const placed = [...header.tensors].sort(compareTensors);
  const tensors = placed.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  const spec = { tensors, metadata: header.metadata };
  const floats = new Float32Array(dimensionOf(spec));
  const others = new Uint8Array(bytes.length - header.dataStart - floats.byteLength);
  let at = 0;
  for (const { dtype, begin, end } of placed) {
    const data = bytes.subarray(header.dataStart + begin, header.dataStart + end);
    if (dtype === "F32") floatBytes(floats).set(data, at);
    else others.set(data, at - floats.byteLength);
    at += data.length;
  }
  return { ...spec, floats, others };
}

function checkValues({ floats }: Model, options: ParseOptions): void {
  const { maxMagnitude = DEFAULT_MAX_MAGNITUDE, negativeZero = "reject" } = options;
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < floats.length; i++) {
    const value = floats[i] as number;
    if (bits[i] === NEGATIVE_ZERO_BITS && negativeZero === "fix") bits[i] = 0;
    else if (bits[i] === NEGATIVE_ZERO_BITS) throw badValue("MODEL_NEGATIVE_ZERO", i, "-0");
    // Also false for NaN; the common case costs one comparison.
    if (Math.abs(value) < maxMagnitude) continue;
    if (((bits[i] as number) & EXPONENT_MASK) !== EXPONENT_MASK)
      throw badValue("MODEL_OUT_OF_DOMAIN", i, `${value}`);
    throw badValue(Number.isNaN(value) ? "MODEL_NAN" : "MODEL_INFINITE", i, `${value}`);
  }
}

const BAD_VALUE: Readonly<Record<string, string>> = {
  MODEL_NEGATIVE_ZERO: "negative zero has two encodings of one value; the client's command turns it into +0",
  MODEL_OUT_OF_DOMAIN: "it is outside the federation's domain of weights; training has probably diverged",
  MODEL_NAN: "it is not a number; training has probably diverged",
  MODEL_INFINITE: "it is not finite; training has probably diverged",
};

function badValue(code: string, coordinate: number, value: string): QuorateError {
  return new QuorateError(code, `coordinate ${coordinate} is ${value}: ${BAD_VALUE[code]}`, {
    coordinate,
    value,
  });
}

/** The header fixes order, offsets and padding, so a file that starts with the canonical one is canonical. */
function assertHeader(bytes: Uint8Array, header: Uint8Array): void {
  if (bytes.length >= header.length && header.every((byte, i) => byte === bytes[i])) return;
  throw new QuorateError(
    "MODEL_NOT_CANONICAL",
    "the model's header is not the canonical one: canonicalize the file for the federation before hashing and signing it",
    {},
  );
}
