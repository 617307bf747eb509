import { readFileSync } from "node:fs";
import type { Model } from "../../../coordinator/protocol/model/model.ts";

/** Bytes of a safetensors file with any header: text or an object, and the data after it. */
export function fileOf(header: string | object, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return new Uint8Array(Buffer.concat([length, text, data]));
}

/** A file with one float32 tensor "w" that holds these values. */
export function fileOfValues(...values: readonly number[]): Uint8Array {
  const data = new Uint8Array(new Float32Array(values).buffer);
  return fileOf({ w: { dtype: "F32", shape: [values.length], data_offsets: [0, data.length] } }, data);
}

/** A model in memory with one float32 tensor "w". */
export function modelOf(...values: readonly number[]): Model {
  return {
    tensors: [{ name: "w", dtype: "F32", shape: [values.length] }],
    metadata: {},
    floats: Float32Array.from(values),
    others: new Uint8Array(0),
  };
}

export function fixture(name: string): Uint8Array {
  return new Uint8Array(
    readFileSync(new URL(`../../fixtures/safetensors/${name}.safetensors`, import.meta.url)),
  );
}
