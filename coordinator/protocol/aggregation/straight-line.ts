import type { Kept } from "./coordinate.ts";
import { TILE } from "./distances.ts";
import { type Comparator, sortingNetwork } from "./networks.ts";
import {
  type Code,
  f32x4,
  f64x2,
  get,
  I32,
  i32,
  moduleOf,
  repeat,
  set,
  tee,
  V128,
  v128,
} from "./wasm-code.ts";

/** Rows beyond which the code leaves the instruction cache, and a network read as data is no slower. */
export const MOST_STRAIGHT_LINE = 48;

/** What the module exports. */
export interface StraightLineSorter {
  /** Addresses of a table of row addresses (uint32) and of the result's tile → 1; 0 if a value may not be finite. */
  sorted(rows: number, out: number): number;
}

/** Numbers of the function's parameters and locals, for so many rows. */
interface Locals {
  readonly rows: number;
  readonly out: number;
  /** Bytes from the start of the tile. */
  readonly at: number;
  /** Of row k: pointers + k, values + k. */
  readonly pointers: number;
  readonly values: number;
  /** Of all values: not finite if one of them is not. It may overflow too, so 0 only asks for a closer look. */
  readonly sum: number;
  readonly spare: number;
}

/**
 * A WASM module that does to a tile what the kernel `sorted` does, for one number of rows and one choice of ranks, with
 * the network as straight-line code: four coordinates at a time stay in registers from load to result, no comparator is
 * read from memory, and of those whose other half nobody needs only one half is computed. Two to three times as fast.
 */
export function straightLineSorter(n: number, kept: Kept): Uint8Array {
  const locals = { rows: 0, out: 1, at: 2, pointers: 3, values: 3 + n, sum: 3 + 2 * n, spare: 4 + 2 * n };
  const ranks = Array.from({ length: n }, (_, k) => k);
  const pointers = ranks.flatMap((k) => [
    ...get(locals.rows),
    ...i32.load(4 * k),
    ...set(locals.pointers + k),
  ]);
  const turn = [
    ...ranks.flatMap((k) => loaded(k, locals)),
    ...exchanges(sortingNetwork(n, kept.from, kept.count), kept, locals),
    ...[...get(locals.out), ...get(locals.at), ...i32.add, ...average(kept, locals), ...v128.store],
    ...[...get(locals.at), ...i32.constant(16), ...i32.add, ...tee(locals.at)],
    ...[...i32.constant(4 * TILE), ...i32.less],
  ];
  const finite = [...get(locals.sum), ...f32x4.zero, ...f32x4.multiply, ...f32x4.zero, ...f32x4.notEqual];
  const code = [...pointers, ...repeat(turn), ...finite, ...v128.anyTrue, ...i32.isZero];
  const declared = [
    [n + 1, I32],
    [n + 2, V128],
  ] as const;
  return moduleOf("sorted", 2, { locals: declared, code });
}

function loaded(k: number, { pointers, values, at, sum }: Locals): Code {
  const address = [...get(pointers + k), ...get(at), ...i32.add];
  return [...get(sum), ...address, ...v128.load, ...tee(values + k), ...f32x4.add, ...set(sum)];
}

/** The lesser value to a, the greater to b, each only if a wanted rank depends on it. As the kernel's `exchange`. */
function exchanges(network: readonly Comparator[], { from, count }: Kept, { values, spare }: Locals): Code {
  const wanted = new Set(Array.from({ length: count }, (_, k) => from + k));
  const steps = network.toReversed().map(([a, b]): Code => {
    const [x, y] = [values + a, values + b];
    const both = [...get(x), ...get(y)];
    const [lesser, greater] = [wanted.has(a), wanted.has(b)];
    wanted.add(a).add(b);
    if (!greater) return [...both, ...f32x4.lesser, ...set(x)];
    if (!lesser) return [...both, ...f32x4.greater, ...set(y)];
    const kept = [...both, ...f32x4.lesser, ...set(spare)];
    return [...kept, ...both, ...f32x4.greater, ...set(y), ...get(spare), ...set(x)];
  });
  return steps.reverse().flat();
}

/** float64 sums from +0 in ascending order, one division, one rounding; −0 becomes +0. */
function average({ from, count }: Kept, { values }: Locals): Code {
  // One value is its own mean: exact in float64 and back.
  if (count === 1) return [...get(values + from), ...f32x4.zero, ...f32x4.add];
  const half = (moved: Code): Code => [
    ...f64x2.splat(0),
    ...Array.from({ length: count }, (_, k) => {
      const value = values + from + k;
      const operands = moved.length > 0 ? [...get(value), ...get(value), ...moved] : get(value);
      return [...operands, ...f64x2.fromFloats, ...f64x2.add];
    }).flat(),
    ...[...f64x2.splat(count), ...f64x2.divide, ...f32x4.fromDoubles],
  ];
  return [...half([]), ...half(f32x4.upperHalf), ...f32x4.joined, ...f32x4.zero, ...f32x4.add];
}
