import { TILE } from "../../protocol/aggregation/distances.ts";
import { scratchBytes, TILE_BYTES } from "../../protocol/aggregation/tiles.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { assertDimension } from "./arguments.ts";
import { readBufferBytes } from "./sources.ts";

const PAGE_BYTES = 65_536;
const MOST_PAGES = 65_536;
/** Rows start at different places of a 4 KB page, or stores to one would wait for loads from another. */
const STAGGER_BYTES = 192;
const SCRATCH_AT = 1024;

export interface Size {
  readonly updates: number;
  readonly dimension: number;
}

/** What lies where in a memory; bytes. */
export interface Layout extends Size {
  /** Start of the first thread's scratch; the others' follow. */
  readonly scratch: { readonly at: number; readonly bytes: number };
  /** Row k starts at base + k·stride; after the updates come the centre and the result. */
  readonly base: number;
  readonly stride: number;
  /** Of the whole memory. */
  readonly bytes: number;
}

/** Everything in memory. @throws QuorateError AGGREGATION_SHAPE */
export function layoutOf({ updates, dimension }: Size, threads: number): Layout {
  assertDimension(dimension);
  const stride = Math.ceil(dimension / TILE) * TILE_BYTES + STAGGER_BYTES;
  const scratch = { at: SCRATCH_AT, bytes: Math.ceil(scratchBytes(updates) / 64) * 64 };
  const base = SCRATCH_AT + threads * scratch.bytes;
  return { updates, dimension, scratch, base, stride, bytes: base + (updates + 2) * stride };
}

/** Rows in files: scratch and what is read at a time. @throws QuorateError AGGREGATION_SHAPE */
export function fileLayoutOf({ updates, dimension }: Size, threads: number): Omit<Layout, "base" | "stride"> {
  assertDimension(dimension);
  const each = Math.ceil((scratchBytes(updates) + readBufferBytes(updates)) / 64) * 64;
  const scratch = { at: SCRATCH_AT, bytes: each };
  return { updates, dimension, scratch, bytes: SCRATCH_AT + threads * each };
}

/** A row of a memory. What lies between its end and its last tile's is made zero: kernels take whole tiles. */
export function rowOf(memory: WebAssembly.Memory, { base, stride, dimension }: Layout, k: number) {
  const padded = Math.ceil(dimension / TILE) * TILE;
  new Float32Array(memory.buffer, base + k * stride, padded).fill(0, dimension);
  return new Float32Array(memory.buffer, base + k * stride, dimension);
}

/** A memory that threads share. @throws QuorateError AGGREGATION_TOO_LARGE */
export function createMemory(layout: Size & Pick<Layout, "bytes">): WebAssembly.Memory {
  const pages = pagesOf(layout);
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/**
 * Lends memories to calls: to those that follow each other the same one, which only grows. Shared memories are freed
 * late or never, because idle threads hold on to them: a new one for each round would fill the machine.
 */
export class MemoryPool {
  /** As many as there were calls at a time. */
  readonly #spare: WebAssembly.Memory[] = [];

  /**
   * @returns for the caller alone until `give`; holds whatever the call before it left.
   * @throws QuorateError AGGREGATION_TOO_LARGE
   */
  take(layout: Size & Pick<Layout, "bytes">): WebAssembly.Memory {
    const pages = pagesOf(layout);
    const [spare] = this.#spare.sort((a, b) => b.buffer.byteLength - a.buffer.byteLength).splice(0, 1);
    const memory = spare ?? new WebAssembly.Memory({ initial: pages, maximum: MOST_PAGES, shared: true });
    const missing = pages - memory.buffer.byteLength / PAGE_BYTES;
    if (missing > 0) memory.grow(missing);
    return memory;
  }

  /** To be called when no thread uses it any more. */
  give(memory: WebAssembly.Memory): void {
    this.#spare.push(memory);
  }
}

function pagesOf({ bytes, updates, dimension }: Size & Pick<Layout, "bytes">): number {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  if (pages <= MOST_PAGES) return pages;
  throw new QuorateError(
    "AGGREGATION_TOO_LARGE",
    `${updates} updates of ${dimension} values need ${bytes} bytes, more than the 4 GiB of a WASM memory: ` +
      "aggregate them from files",
    { updates, dimension, bytes },
  );
}
