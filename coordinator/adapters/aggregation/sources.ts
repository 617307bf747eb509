import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { TILE } from "../../protocol/aggregation/distances.ts";
import { type Arena, TILE_BYTES, type TileAddresses } from "../../protocol/aggregation/tiles.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Job, Source, UpdateFile } from "./jobs.ts";

/** Where a thread finds a tile of every row, the centre last, and where it puts a tile of the result. */
export interface TileSource {
  tile(number: number): TileAddresses;
  out(number: number): number;
  /** To be called after the tile's result was written. */
  done(number: number): void;
  close(): void;
}

/** Tiles read from each file at a time: 128 KB, so that 100 files need 13 MB per thread. */
const TILES_PER_READ = 16;

export function openSource(job: Job, arena: Arena): TileSource {
  const { source } = job;
  return source.kind === "memory" ? memorySource(job, source) : fileSource(job, source, arena);
}

function memorySource({ updates }: Job, { base, stride }: Extract<Source, { kind: "memory" }>): TileSource {
  const starts = Array.from({ length: updates + 1 }, (_, k) => base + k * stride);
  const result = base + (updates + 1) * stride;
  return {
    tile: (number) => starts.map((start) => start + number * TILE_BYTES),
    out: (number) => result + number * TILE_BYTES,
    done: () => {},
    close: () => {},
  };
}

interface OpenFile {
  readonly descriptor: number;
  readonly file: UpdateFile;
  readonly buffer: number;
}

function fileSource(
  { memory, dimension }: Job,
  source: Extract<Source, { kind: "files" }>,
  arena: Arena,
): TileSource {
  const files = source.centre ? [...source.files, source.centre] : source.files;
  const opened: OpenFile[] = [];
  const close = () => {
    for (const { descriptor } of opened) closeSync(descriptor);
  };
  try {
    for (const file of files) opened.push(open(file, dimension, arena));
  } catch (error) {
    close();
    throw error;
  }
  const starts = opened.map(({ buffer }) => buffer);
  if (!source.centre) starts.push(zeros(memory, arena));
  const out = arena.reserve(TILE_BYTES);
  const result = new Float32Array(source.result);
  let block = -1;
  return {
    tile: (number) => {
      const wanted = Math.floor(number / TILES_PER_READ);
      if (wanted !== block) for (const file of opened) readBlock(file, wanted, { memory, dimension });
      block = wanted;
      const within = (number % TILES_PER_READ) * TILE_BYTES;
      return starts.map((start) => start + within);
    },
    out: () => out,
    done: (number) => {
      const from = number * TILE;
      result.set(new Float32Array(memory.buffer, out, Math.min(TILE, dimension - from)), from);
    },
    close,
  };
}

function zeros(memory: WebAssembly.Memory, arena: Arena): number {
  const at = arena.reserve(TILES_PER_READ * TILE_BYTES);
  new Uint8Array(memory.buffer, at, TILES_PER_READ * TILE_BYTES).fill(0);
  return at;
}

function open(file: UpdateFile, dimension: number, arena: Arena): OpenFile {
  const descriptor = openSync(file.path, "r");
  const stat = fstatSync(descriptor);
  const expected = (file.offset ?? 0) + 4 * dimension;
  const usable = stat.isFile() && stat.size >= expected;
  if (usable) return { descriptor, file, buffer: arena.reserve(TILES_PER_READ * TILE_BYTES) };
  closeSync(descriptor);
  throw stat.isFile() ? short(file, stat.size, expected) : notAFile(file);
}

/** Reads up to 16 tiles; what lies beyond the last value is zero. */
function readBlock(
  { descriptor, file, buffer }: OpenFile,
  block: number,
  { memory, dimension }: Pick<Job, "memory" | "dimension">,
): void {
  const blockBytes = TILES_PER_READ * TILE_BYTES;
  const from = block * blockBytes;
  const bytes = new Uint8Array(memory.buffer, buffer, blockBytes);
  const wanted = Math.min(blockBytes, 4 * dimension - from);
  for (let at = 0; at < wanted; ) {
    const position = (file.offset ?? 0) + from + at;
    const read = readSync(descriptor, bytes, at, wanted - at, position);
    // The file was long enough when it was opened: somebody cut it.
    if (read === 0) throw short(file, position, (file.offset ?? 0) + 4 * dimension);
    at += read;
  }
  bytes.fill(0, wanted);
}

function short({ path }: UpdateFile, actual: number, expected: number): QuorateError {
  return new QuorateError(
    "AGGREGATION_FILE_SHORT",
    `${path} ends after ${actual} bytes, its values need ${expected}: fetch it again`,
    { path, actual, expected },
  );
}

function notAFile({ path }: UpdateFile): QuorateError {
  return new QuorateError(
    "AGGREGATION_FILE_KIND",
    `${path} is not a file: name the one with the update's values`,
    {
      path,
    },
  );
}

/** Bytes that reading from files takes per thread, beside the scratch of the rules. */
export function readBufferBytes(updates: number): number {
  return (updates + 2) * (TILES_PER_READ * TILE_BYTES + 64);
}
