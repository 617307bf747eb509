import { QuorateError } from "../../protocol/errors.ts";

const PAGE_BYTES = 65_536;
const MOST_PAGES = 65_536;

/** Scratch of file passes. A thread does one job after the other, so all passes may share it. */
export type MemoryCache = (bytes: number, size: { updates: number; dimension: number }) => WebAssembly.Memory;

export function createMemoryCache(): MemoryCache {
  let held: WebAssembly.Memory | undefined;
  return (bytes, size) => {
    if (!held || held.buffer.byteLength < bytes) held = createMemory(bytes, size);
    return held;
  };
}

/** A memory that threads share. @throws QuorateError AGGREGATION_TOO_LARGE */
export function createMemory(
  bytes: number,
  size: { updates: number; dimension: number },
): WebAssembly.Memory {
  const pages = Math.ceil(bytes / PAGE_BYTES);
  if (pages > MOST_PAGES)
    throw new QuorateError(
      "AGGREGATION_TOO_LARGE",
      `${size.updates} updates of ${size.dimension} values need ${bytes} bytes, more than the 4 GiB of a WASM memory: ` +
        "aggregate them from files",
      { ...size, bytes },
    );
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}
