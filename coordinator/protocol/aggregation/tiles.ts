import { type Kept, middle } from "./coordinate.ts";
import { TILE } from "./distances.ts";
import { sortingNetwork } from "./networks.ts";
import type { Combination, RowMap } from "./plan.ts";
import { MOST_STRAIGHT_LINE, type StraightLineSorter, straightLineSorter } from "./straight-line.ts";

/** Bytes of one client's tile. */
export const TILE_BYTES = 4 * TILE;
/** Bytes of one client's part of what is sorted at a time; see assembly/kernels.ts. */
const STRIP_BYTES = 256;
/** Bytes of the float64 sums of what is averaged at a time. */
const SUMS_BYTES = 256;

/** Most threads' scratch for `updates` clients, whatever the rule: four steps and a rule, each with a tile per row. */
export function scratchBytes(updates: number): number {
  const rows = updates + 1;
  return 5 * rows * (TILE_BYTES + 64) + 8 * rows ** 2 + 400 * rows + (1 << 20);
}

/** What the compiled kernels export; all arguments but numbers of things are byte addresses. See assembly/kernels.ts. */
export interface TileKernels {
  /** → finite? */
  mean(
    ...args: [rows: number, weights: number, count: number, total: number, sums: number, out: number]
  ): number;
  clip(...args: [row: number, centre: number, scale: number, out: number]): void;
  distances(rows: number, count: number, out: number): void;
  /** Rows, count, network, comparators, from, kept, drop (below 0: keep from … from + kept), strips, out → finite? */
  sorted(...args: [number, number, number, number, number, number, number, number, number]): number;
}

/** Addresses of one tile of every row and of the centre, which comes last. */
export type TileAddresses = readonly number[];

/** Hands out parts of a memory one after the other. */
export interface Arena {
  /** @returns address of `bytes` bytes, a multiple of 64 */
  reserve(bytes: number): number;
}

/** Where a thread computes. A pass reserves its scratch once, when it is prepared. */
export interface Machine {
  readonly kernels: TileKernels;
  readonly memory: WebAssembly.Memory;
  readonly arena: Arena;
  /** Compiled once per thread, by what they sort. */
  readonly sorters: Map<string, WebAssembly.Module>;
}

/** Applies the maps to each tile when its turn comes: mixed or clipped rows never exist as a whole. */
function prepareMaps(machine: Machine, maps: readonly RowMap[]): (tile: TileAddresses) => TileAddresses {
  const steps = maps.map((map) =>
    map.kind === "average" ? prepareAverage(machine, map) : prepareClip(machine, map),
  );
  return (tile) => steps.reduce((rows, step) => step(rows), tile);
}

function prepareAverage(
  machine: Machine,
  { members }: Extract<RowMap, { kind: "average" }>,
): (tile: TileAddresses) => TileAddresses {
  const { kernels, memory, arena } = machine;
  const outs = members.map(() => arena.reserve(TILE_BYTES));
  const most = Math.max(...members.map((group) => group.length));
  const table = arena.reserve(4 * most);
  const weights = arena.reserve(8 * most);
  const sums = arena.reserve(SUMS_BYTES);
  new Float64Array(memory.buffer, weights, most).fill(1);
  const addresses = new Uint32Array(memory.buffer, table, most);
  return (tile) => {
    members.forEach((group, i) => {
      group.forEach((k, at) => {
        addresses[at] = tile[k]!;
      });
      kernels.mean(table, weights, group.length, group.length, sums, outs[i]!);
    });
    return [...outs, tile.at(-1)!];
  };
}

function prepareClip(
  { kernels, arena }: Machine,
  { scales }: Extract<RowMap, { kind: "clip" }>,
): (tile: TileAddresses) => TileAddresses {
  const outs = scales.map((scale) => (scale === 1 ? 0 : arena.reserve(TILE_BYTES)));
  return (tile) => {
    const centre = tile.at(-1)!;
    const mapped = scales.map((scale, k) => {
      if (scale === 1) return tile[k]!;
      kernels.clip(tile[k]!, centre, scale, outs[k]!);
      return outs[k]!;
    });
    return [...mapped, centre];
  };
}

/**
 * Prepares a pass that adds up squared distances.
 * @param rows after the maps, the centre included if it is wanted
 */
export function prepareDistances(machine: Machine, maps: readonly RowMap[], rows: number): DistancePass {
  const { kernels, memory, arena } = machine;
  const map = prepareMaps(machine, maps);
  const table = arena.reserve(4 * rows);
  const out = arena.reserve(8 * rows * rows);
  const addresses = new Uint32Array(memory.buffer, table, rows);
  const sums = new Float64Array(memory.buffer, out, rows * rows);
  return {
    add: (tile) => {
      const mapped = map(tile);
      for (let k = 0; k < rows; k++) addresses[k] = mapped[k]!;
      kernels.distances(table, rows, out);
    },
    take: () => {
      const taken = sums.slice();
      sums.fill(0);
      return taken;
    },
    start: () => {
      sums.fill(0);
    },
  };
}

export interface DistancePass {
  /** Forgets what was added: scratch memory holds what the pass before it left. */
  start(): void;
  add(tile: TileAddresses): void;
  /** The sums since the last call, below the diagonal. */
  take(): Float64Array;
}

/** Makes one tile of the result; returns false if a value is not finite. */
export type CombinePass = (tile: TileAddresses, out: number) => boolean;

/** Prepares the last pass of a plan. */
export function prepareCombination(
  machine: Machine,
  maps: readonly RowMap[],
  combination: Combination,
): CombinePass {
  const map = prepareMaps(machine, maps);
  const pass =
    combination.kind === "mean" ? prepareMean(machine, combination) : prepareSort(machine, combination);
  return (tile, out) => pass(map(tile), out);
}

function prepareMean(
  { kernels, memory, arena }: Machine,
  { weights, total }: Extract<Combination, { kind: "mean" }>,
): CombinePass {
  // One weight more than rows is the centre's, which comes last among the addresses too.
  const used = [...weights.keys()].filter((k) => weights[k] !== 0);
  const table = arena.reserve(4 * used.length);
  const factors = arena.reserve(8 * used.length);
  const sums = arena.reserve(SUMS_BYTES);
  new Float64Array(memory.buffer, factors, used.length).set(used.map((k) => weights[k]!));
  const addresses = new Uint32Array(memory.buffer, table, used.length);
  return (tile, out) => {
    used.forEach((k, at) => {
      addresses[at] = tile[k]!;
    });
    return kernels.mean(table, factors, used.length, total, sums, out) !== 0;
  };
}

function prepareSort(machine: Machine, combination: Exclude<Combination, { kind: "mean" }>): CombinePass {
  const { kernels, memory, arena } = machine;
  const { kind, members, drop } = combination;
  const n = members.length;
  const kept = kind === "median" ? middle(n) : { from: drop, count: n - 2 * drop };
  const network = kind === "meamed" ? sortingNetwork(n) : sortingNetwork(n, kept.from, kept.count);
  const table = arena.reserve(4 * n);
  const code = arena.reserve(8 * network.length);
  const strips = arena.reserve(n * STRIP_BYTES);
  new Uint32Array(memory.buffer, code, 2 * network.length).set(network.flat().map((k) => k * STRIP_BYTES));
  const addresses = new Uint32Array(memory.buffer, table, n);
  const nearest = kind === "meamed" ? drop : -1;
  const straight = kind !== "meamed" && n <= MOST_STRAIGHT_LINE ? openSorter(machine, n, kept) : undefined;
  return (tile, out) => {
    members.forEach((k, at) => {
      addresses[at] = tile[k]!;
    });
    // Its no may be an overflow of finite values: the kernel decides.
    if (straight?.sorted(table, out)) return true;
    return kernels.sorted(table, n, code, network.length, kept.from, kept.count, nearest, strips, out) !== 0;
  };
}

function openSorter({ memory, sorters }: Machine, n: number, kept: Kept): StraightLineSorter {
  const key = `${n} ${kept.from} ${kept.count}`;
  const compiled = sorters.get(key) ?? new WebAssembly.Module(straightLineSorter(n, kept) as BufferSource);
  sorters.set(key, compiled);
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as StraightLineSorter;
}

/** Instantiates the compiled kernels on a shared memory. */
export function createTileKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): TileKernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as TileKernels;
}
