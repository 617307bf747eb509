import { CHUNK, type Distances, TILE } from "../../protocol/aggregation/distances.ts";
import { checkedCounts, checkedDimension, type WeightedUpdate } from "../../protocol/aggregation/fedavg.ts";
import { type DistanceQuery, type Plan, planRule, sharesOf } from "../../protocol/aggregation/plan.ts";
import {
  type Aggregate,
  type AggregationContext,
  assertFiniteDistances,
  checkedCentre,
} from "../../protocol/aggregation/reference.ts";
import type { Rule } from "../../protocol/aggregation/rule.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { assertDimension, assertOffset, assertThreads } from "./arguments.ts";
import type { Job, Range, Result, Source, UpdateFile } from "./jobs.ts";
import { loadAggregationKernels } from "./load.ts";
import { createMemory, fileLayoutOf, type Layout, layoutOf, MemoryPool, rowOf, type Size } from "./memory.ts";
import { ThreadPool } from "./pool.ts";

/** Rows in memory that the threads share: write the updates into them, then aggregate as often as wanted. */
export interface SharedRows {
  /** One per update, in the order of the clients' addresses; zeros at first. */
  readonly rows: readonly Float32Array[];
  /** Where clipping and the geometric median start; zeros at first. */
  readonly centre: Float32Array;
  /**
   * Applies a rule to the rows.
   * @returns floats is a view that the next call overwrites
   */
  aggregate(rule: Rule, sampleCounts: readonly number[], seed?: Uint8Array): Promise<Aggregate>;
}

/** Updates too large for memory, read as they are needed. */
export interface FileInput {
  readonly files: readonly (UpdateFile & { readonly sampleCount: number })[];
  /** Values in each file. */
  readonly dimension: number;
  readonly centre?: UpdateFile;
  readonly seed?: Uint8Array;
  /** Where the result goes, 4·dimension bytes, NaN after a failure; given again and again, no call needs its own. */
  readonly result?: SharedArrayBuffer;
}

/** Applies rules with WASM kernels in several threads: the same bits as the reference, whatever their number. */
export interface AggregationEngine {
  /** @throws QuorateError AGGREGATION_TOO_LARGE if the rows don't fit the 4 GiB of a WASM memory: use files */
  allocate(updates: number, dimension: number): SharedRows;
  /** As the reference's `aggregate`, which see for the errors; copies the updates in and the result out. */
  aggregate(rule: Rule, updates: readonly WeightedUpdate[], context?: AggregationContext): Promise<Aggregate>;
  /** The same over files. @throws QuorateError AGGREGATION_FILE_* too, and the system's codes such as ENOENT */
  aggregateFiles(rule: Rule, input: FileInput): Promise<Aggregate>;
  stop(): Promise<void>;
}

interface Input {
  readonly source: Source;
  readonly memory: WebAssembly.Memory;
  /** Start of the first thread's scratch; the others' follow. */
  readonly scratch: { readonly at: number; readonly bytes: number };
  readonly dimension: number;
  readonly counts: readonly number[];
  readonly seed: Uint8Array;
  readonly result: Float32Array;
}

/** @param threads each owns a range of coordinates. @throws QuorateError AGGREGATION_THREADS, KERNELS_* */
export async function createAggregationEngine({ threads = 2 } = {}): Promise<AggregationEngine> {
  assertThreads(threads);
  const pool = new ThreadPool(await loadAggregationKernels());
  const run = (rule: Rule, input: Input) => apply(rule, input, { pool, threads });
  const memories = new MemoryPool();
  const borrow = async <T>(
    layout: Size & Pick<Layout, "bytes">,
    use: (own: WebAssembly.Memory) => Promise<T>,
  ) => {
    const memory = memories.take(layout);
    // Rejected too only when every thread is done with it.
    return use(memory).finally(() => memories.give(memory));
  };
  return {
    allocate: (updates, dimension) => {
      const layout = layoutOf({ updates, dimension }, threads);
      return rowsIn(createMemory(layout), layout, run);
    },
    aggregate: async (rule, updates, context = {}) => {
      const counts = checkedCounts(updates);
      const dimension = checkedDimension(updates);
      const centre = checkedCentre(context.centre, dimension);
      const layout = layoutOf({ updates: updates.length, dimension }, threads);
      return borrow(layout, async (memory) => {
        const shared = rowsIn(memory, layout, run);
        shared.centre.set(centre);
        updates.forEach(({ floats }, k) => {
          shared.rows[k]!.set(floats);
        });
        const { floats, shares } = await shared.aggregate(rule, counts, context.seed);
        return { floats: new Float32Array(floats), shares };
      });
    },
    aggregateFiles: async (rule, input) => {
      const parts = fileParts(input);
      const layout = fileLayoutOf({ updates: input.files.length, dimension: input.dimension }, threads);
      return borrow(layout, (memory) => run(rule, { ...parts, memory, scratch: layout.scratch }));
    },
    stop: () => pool.stop(),
  };
}

type Run = (rule: Rule, input: Input) => Promise<Aggregate>;

function rowsIn(memory: WebAssembly.Memory, layout: Layout, run: Run): SharedRows {
  const { updates, dimension, scratch, base, stride } = layout;
  const rows = Array.from({ length: updates }, (_, k) => rowOf(memory, layout, k));
  const [centre, result] = [rowOf(memory, layout, updates), rowOf(memory, layout, updates + 1)];
  const source = { kind: "memory", base, stride } as const;
  return {
    rows,
    centre,
    aggregate: async (rule, sampleCounts, seed = new Uint8Array()) => {
      const counts = checkedCounts(sampleCounts.map((sampleCount) => ({ sampleCount, floats: result })));
      if (counts.length !== updates)
        throw new QuorateError("AGGREGATION_SHAPE", `${counts.length} sample counts for ${updates} updates`, {
          actual: counts.length,
          expected: updates,
        });
      return run(rule, { source, memory, scratch, dimension, counts, seed, result });
    },
  };
}

/** All of an input from files but the memory. */
function fileParts(input: FileInput): Omit<Input, "memory" | "scratch"> {
  const { files, dimension, centre, seed = new Uint8Array() } = input;
  assertDimension(dimension);
  for (const file of centre ? [...files, centre] : files) assertOffset(file);
  const counts = checkedCounts(files.map(({ sampleCount }) => ({ sampleCount, floats: new Float32Array() })));
  const result = input.result ?? new SharedArrayBuffer(4 * dimension);
  if (result.byteLength !== 4 * dimension)
    throw new QuorateError(
      "AGGREGATION_SHAPE",
      `the result has room for ${result.byteLength} bytes, the updates' values take ${4 * dimension}`,
      { actual: result.byteLength, expected: 4 * dimension },
    );
  const source = { kind: "files", files, result, ...(centre && { centre }) } as const;
  return { source, dimension, counts, seed, result: new Float32Array(result) };
}

interface Threads {
  readonly pool: ThreadPool;
  readonly threads: number;
}

async function apply(rule: Rule, input: Input, threads: Threads): Promise<Aggregate> {
  try {
    const planner = planRule(rule, input.counts, input.seed);
    let step = planner.next();
    while (!step.done) step = planner.next(await distancesOf(step.value, input, threads));
    await combine(step.value, input, threads);
    return { floats: input.result, shares: sharesOf(step.value, input.counts.length) };
  } catch (error) {
    // Nobody shall take half of a result, or the last one, for this.
    input.result.fill(Number.NaN);
    throw error;
  }
}

async function distancesOf(query: DistanceQuery, input: Input, threads: Threads): Promise<Distances> {
  const { maps, withCentre } = query;
  const mixed = maps.reduce(
    (n, map) => (map.kind === "average" ? map.members.length : n),
    input.counts.length,
  );
  const rows = mixed + (withCentre ? 1 : 0);
  const ranges = split(Math.ceil(input.dimension / CHUNK), threads.threads);
  const parts = await Promise.allSettled(
    ranges.map((chunks, thread) =>
      threads.pool.run(thread, { ...jobOf(input, thread), maps, work: { kind: "distances", rows, chunks } }),
    ),
  );
  throwFirst(parts);
  const squared = new Float64Array(rows * rows);
  for (const part of parts)
    if (part.status === "fulfilled" && part.value.kind === "distances") addChunks(squared, part.value.chunks);
  for (let i = 0; i < rows; i++) for (let l = 0; l < i; l++) squared[l * rows + i] = squared[i * rows + l]!;
  assertFiniteDistances({ rows, squared });
  return { rows, squared };
}

/** Chunk after chunk, whichever thread summed them: the order is part of the protocol. */
function addChunks(squared: Float64Array, chunks: Float64Array): void {
  for (let at = 0; at < chunks.length; at += squared.length)
    for (let k = 0; k < squared.length; k++) squared[k] = squared[k]! + chunks[at + k]!;
}

async function combine({ maps, combination }: Plan, input: Input, threads: Threads): Promise<void> {
  const ranges = split(Math.ceil(input.dimension / TILE), threads.threads);
  const parts = await Promise.allSettled(
    ranges.map((tiles, thread) =>
      threads.pool.run(thread, {
        ...jobOf(input, thread),
        maps,
        work: { kind: "combine", combination, tiles },
      }),
    ),
  );
  throwFirst(parts);
}

/** All threads are done by now, so none still writes into what a later call borrows. */
function throwFirst(parts: readonly PromiseSettledResult<Result>[]): void {
  const wrong = parts.map(reasonOf).find((reason) => reason !== undefined);
  if (wrong !== undefined) throw wrong;
}

/** Why a thread has no result. */
function reasonOf(part: PromiseSettledResult<Result>): unknown {
  if (part.status === "rejected") return part.reason;
  if (part.value.kind !== "combine" || part.value.notFinite < 0) return undefined;
  const coordinate = part.value.notFinite * TILE;
  return new QuorateError(
    "AGGREGATION_NOT_FINITE",
    `within ${TILE} coordinates from ${coordinate} a value is not finite: an update holds values that were never checked`,
    { coordinate },
  );
}

function jobOf(
  { source, memory, scratch, dimension, counts }: Input,
  thread: number,
): Omit<Job, "id" | "maps" | "work"> {
  const from = scratch.at + thread * scratch.bytes;
  return { source, memory, dimension, updates: counts.length, scratch: { from, to: from + scratch.bytes } };
}

/** Up to `parts` ranges of nearly equal length that cover 0 … count. */
function split(count: number, parts: number): Range[] {
  const used = Math.min(parts, count);
  return Array.from({ length: used }, (_, i) => ({
    from: Math.floor((count * i) / used),
    to: Math.floor((count * (i + 1)) / used),
  }));
}
