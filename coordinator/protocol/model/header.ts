import { QuorateError } from "../errors.ts";
import { type HeaderValue, parseHeaderJson } from "./header-json.ts";
import {
  compareNames,
  compareTensors,
  elementBytes,
  elementCount,
  type ModelSpec,
  type TensorSpec,
} from "./model.ts";

/** Data of canonical files starts at a multiple of this, so that Merkle leaves are aligned in the file. */
export const DATA_ALIGNMENT = 256;

/** The limit of the reference implementation, https://github.com/huggingface/safetensors. */
const MAX_HEADER_BYTES = 100_000_000;

/** A tensor of a file: what it is and the bytes it occupies, counted from the start of the data. */
export interface PlacedTensor extends TensorSpec {
  readonly begin: number;
  readonly end: number;
}

/** The decoded header of a safetensors file. `tensors` are in the order of their bytes. */
export interface FileHeader {
  readonly tensors: readonly PlacedTensor[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the data starts in the file. */
  readonly dataStart: number;
}

/**
 * Header bytes of a canonical file: the 8-byte length, compact JSON and the spaces that align the data.
 * Tensors are float32 first, then the rest, each by name; `__metadata__` comes first and is left out when empty.
 */
export function encodeHeader(spec: ModelSpec): Uint8Array {
  const fields: string[] = [];
  const keys = Object.keys(spec.metadata).sort(compareNames);
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(spec.metadata[key])}`);
    fields.push(`"__metadata__":{${pairs.join(",")}}`);
  }
  let at = 0;
  for (const { name, dtype, shape } of [...spec.tensors].sort(compareTensors)) {
    const end = at + elementCount(shape) * elementBytes(dtype, name);
    const place = `"shape":[${shape}],"data_offsets":[${at},${end}]`;
    fields.push(`${JSON.stringify(name)}:{"dtype":"${dtype}",${place}}`);
    at = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const size = Math.ceil((8 + json.length) / DATA_ALIGNMENT) * DATA_ALIGNMENT;
  const bytes = new Uint8Array(size).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size - 8), true);
  bytes.set(json, 8);
  return bytes;
}

/**
 * Decodes and checks the header of any safetensors file: names, types, shapes, and that the tensors fill the data
 * exactly.
 * @throws QuorateError MODEL_TRUNCATED, MODEL_HEADER_TOO_LARGE, MODEL_HEADER_SYNTAX, MODEL_DUPLICATE_NAME,
 *   MODEL_DTYPE, MODEL_SHAPE, MODEL_BYTE_COUNT, MODEL_GAP, MODEL_OVERLAP, MODEL_TRAILING_BYTES
 */
export function decodeHeader(bytes: Uint8Array): FileHeader {
  const dataStart = 8 + headerLength(bytes);
  const fields = parseHeaderJson(headerText(bytes.subarray(8, dataStart)));
  if (!(fields instanceof Map)) throw malformed("the header is not an object");
  const metadata = readMetadata(fields.get("__metadata__"));
  const tensors: PlacedTensor[] = [];
  for (const [name, value] of fields) if (name !== "__metadata__") tensors.push(readTensor(name, value));
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end || compareTensors(a, b));
  assertFilled(tensors, bytes.length - dataStart);
  return { tensors, metadata, dataStart };
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < 8) throw truncated(8, bytes.length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new QuorateError(
      "MODEL_HEADER_TOO_LARGE",
      `the file announces a header of ${length} bytes; at most ${MAX_HEADER_BYTES} are read: is it a safetensors file?`,
      { length, limit: MAX_HEADER_BYTES },
    );
  }
  if (8 + Number(length) > bytes.length) throw truncated(8 + Number(length), bytes.length);
  return Number(length);
}

function headerText(bytes: Uint8Array): string {
  if (bytes[0] !== 0x7b) throw malformed("the header does not start with {");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed("the header is not UTF-8");
  }
}

function readMetadata(value: HeaderValue | undefined): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (!(value instanceof Map)) throw malformed("__metadata__ is not an object");
  const entries = [...value];
  if (!entries.every(([, text]) => typeof text === "string"))
    throw malformed("__metadata__ holds more than strings");
  return Object.fromEntries(entries);
}

function readTensor(name: string, value: HeaderValue): PlacedTensor {
  if (!(value instanceof Map) || value.size !== 3) throw malformed(`the entry of "${name}" has other fields`);
  const dtype = value.get("dtype");
  const shape = value.get("shape");
  const offsets = value.get("data_offsets");
  if (typeof dtype !== "string" || !isIntegers(shape) || !isIntegers(offsets) || offsets.length !== 2) {
    throw malformed(`the entry of "${name}" lacks dtype, shape or data_offsets`);
  }
  const [begin, end] = offsets as [number, number];
  const size = elementCount(shape) * elementBytes(dtype, name);
  if (!Number.isSafeInteger(size)) {
    throw new QuorateError("MODEL_SHAPE", `tensor "${name}" has the impossible shape [${shape}]`, {
      name,
      shape,
    });
  }
  if (end - begin !== size) {
    throw new QuorateError(
      "MODEL_BYTE_COUNT",
      `tensor "${name}" of ${dtype} [${shape}] needs ${size} bytes, its offsets give ${end - begin}`,
      { name, expected: size, actual: end - begin },
    );
  }
  return { name, dtype, shape, begin, end };
}

function isIntegers(value: HeaderValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((n) => typeof n === "number");
}

function assertFilled(tensors: readonly PlacedTensor[], dataBytes: number): void {
  let at = 0;
  for (const { name, begin, end } of tensors) {
    if (begin !== at) {
      const [code, what] = begin > at ? ["MODEL_GAP", "a gap"] : ["MODEL_OVERLAP", "an overlap"];
      throw new QuorateError(
        code,
        `there is ${what} before tensor "${name}": it starts at ${begin}, not ${at}`,
        {
          name,
          begin,
          expected: at,
        },
      );
    }
    at = end;
  }
  if (dataBytes < at) throw truncated(at, dataBytes);
  if (dataBytes > at) {
    throw new QuorateError("MODEL_TRAILING_BYTES", `${dataBytes - at} bytes follow the last tensor`, {
      expected: at,
      actual: dataBytes,
    });
  }
}

function truncated(expected: number, actual: number): QuorateError {
  return new QuorateError(
    "MODEL_TRUNCATED",
    `the file ends after ${actual} of ${expected} bytes: send it again`,
    {
      expected,
      actual,
    },
  );
}

function malformed(what: string): QuorateError {
  return new QuorateError("MODEL_HEADER_SYNTAX", `not a safetensors file: ${what}`, { what });
}
