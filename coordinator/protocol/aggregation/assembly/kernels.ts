// Aggregation, one tile of 2,048 coordinates at a time: a tile of one client is 8 KB, so what is read again comes from
// the nearest cache. Strict SIMD and the orders of operations of coordinate.ts and distances.ts: the same bits as the
// reference, in every process. No state and no memory of its own: the host (tiles.ts) passes pointers into a memory
// that several instances share. A "rows" table holds the uint32 address of each client's tile.

const TILE_BYTES: usize = 8192;
/** Averaged at a time: all clients are read side by side, which keeps more lines of memory on their way. */
const MEAN_BYTES: usize = 128;
/** Sorted side by side: 64 coordinates, so that 100 clients' strips fit the first-level cache. */
const STRIP_BYTES: usize = 256;

// @ts-ignore: decorator
@inline
function rowAt(rows: usize, k: i32): usize {
  return <usize>load<u32>(rows + ((<usize>k) << 2));
}

// @ts-ignore: decorator
@inline
function weightAt(weights: usize, k: i32): f64 {
  return load<f64>(weights + ((<usize>k) << 3));
}

/** sum + weight·(two float32 at `at`), in float64, each product and sum rounded. */
// @ts-ignore: decorator
@inline
function addTwo(sum: v128, weight: v128, at: usize): v128 {
  return f64x2.add(sum, f64x2.mul(weight, f64x2.promote_low_f32x4(v128.load64_zero(at))));
}

/**
 * out = Σ weight·row ÷ total. `sums` is 256 bytes of scratch; weights are float64. Returns 0 if a result is not finite,
 * as it is whenever a value is not.
 */
export function mean(rows: usize, weights: usize, count: i32, total: f64, sums: usize, out: usize): i32 {
  let checks = f32x4.splat(0);
  for (let at: usize = 0; at < TILE_BYTES; at += MEAN_BYTES) {
    for (let j: usize = 0; j < 2 * MEAN_BYTES; j += 16) v128.store(sums + j, f64x2.splat(0));
    let k = 0;
    for (; k + 4 <= count; k += 4) addFour(rows + ((<usize>k) << 2), weights + ((<usize>k) << 3), at, sums);
    for (; k < count; k++) addOne(rowAt(rows, k) + at, weightAt(weights, k), sums);
    checks = f32x4.add(checks, finish(sums, total, out + at));
  }
  return allZero(checks);
}

/** Four clients a pass: the sums are read and written once for four products. */
function addFour(rows: usize, weights: usize, from: usize, sums: usize): void {
  const a = rowAt(rows, 0) + from;
  const b = rowAt(rows, 1) + from;
  const c = rowAt(rows, 2) + from;
  const d = rowAt(rows, 3) + from;
  const wa = f64x2.splat(weightAt(weights, 0));
  const wb = f64x2.splat(weightAt(weights, 1));
  const wc = f64x2.splat(weightAt(weights, 2));
  const wd = f64x2.splat(weightAt(weights, 3));
  for (let j: usize = 0; j < MEAN_BYTES; j += 16) {
    const at = sums + (j << 1);
    let low = v128.load(at);
    let high = v128.load(at, 16);
    low = addTwo(low, wa, a + j);
    high = addTwo(high, wa, a + j + 8);
    low = addTwo(low, wb, b + j);
    high = addTwo(high, wb, b + j + 8);
    low = addTwo(low, wc, c + j);
    high = addTwo(high, wc, c + j + 8);
    low = addTwo(low, wd, d + j);
    high = addTwo(high, wd, d + j + 8);
    v128.store(at, low);
    v128.store(at, high, 16);
  }
}

function addOne(row: usize, weight: f64, sums: usize): void {
  const w = f64x2.splat(weight);
  for (let j: usize = 0; j < MEAN_BYTES; j += 8) {
    const at = sums + (j << 1);
    v128.store(at, addTwo(v128.load(at), w, row + j));
  }
}

/** Returns 0·results summed: not 0 if one is infinite or no number. */
// @ts-ignore: decorator
@inline
function finish(sums: usize, total: f64, out: usize): v128 {
  const divisor = f64x2.splat(total);
  const zero = f32x4.splat(0);
  let checks = zero;
  for (let j: usize = 0; j < MEAN_BYTES; j += 16) {
    const at = sums + (j << 1);
    const result = rounded(f64x2.div(v128.load(at), divisor), f64x2.div(v128.load(at, 16), divisor));
    checks = f32x4.add(checks, f32x4.mul(result, zero));
    v128.store(out + j, result);
  }
  return checks;
}

/** 1 unless 0·value was no number somewhere. */
// @ts-ignore: decorator
@inline
function allZero(checks: v128): i32 {
  return i32(!v128.any_true(f32x4.ne(checks, f32x4.splat(0))));
}

/** Four float32 of two times two float64; adding +0 turns −0 into +0. */
// @ts-ignore: decorator
@inline
function rounded(low: v128, high: v128): v128 {
  const joined = v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
  return f32x4.add(joined, f32x4.splat(0));
}

/** out = centre + scale·(row − centre), in float64, rounded once. */
export function clip(row: usize, centre: usize, scale: f64, out: usize): void {
  const factor = f64x2.splat(scale);
  for (let j: usize = 0; j < TILE_BYTES; j += 16) {
    v128.store(out + j, rounded(clipTwo(row + j, centre + j, factor), clipTwo(row + j + 8, centre + j + 8, factor)));
  }
}

// @ts-ignore: decorator
@inline
function clipTwo(row: usize, centre: usize, factor: v128): v128 {
  const from = f64x2.promote_low_f32x4(v128.load64_zero(centre));
  const value = f64x2.promote_low_f32x4(v128.load64_zero(row));
  return f64x2.add(from, f64x2.mul(factor, f64x2.sub(value, from)));
}

/** Adds the squared distances of this tile to out[i·count + l], l < i, float64. Rows go four by four. */
export function distances(rows: usize, count: i32, out: usize): void {
  for (let i = 0; i < count; i += 4) {
    for (let l = 0; l < i; l += 4) {
      eightPairs(rows, i, l, count, out);
      eightPairs(rows, i, l + 2, count, out);
    }
    sixPairs(rows, i, count, out);
  }
}

// @ts-ignore: decorator
@inline
function addSquare(sum: v128, x: v128, y: v128): v128 {
  const difference = f32x4.sub(x, y);
  return f32x4.add(sum, f32x4.mul(difference, difference));
}

/** Rows i … i + 3 against l and l + 1. Rows beyond the last stand for the last and are not written. */
function eightPairs(rows: usize, i: i32, l: i32, count: i32, out: usize): void {
  const last = count - 1;
  const a = rowAt(rows, i);
  const b = rowAt(rows, min(i + 1, last));
  const c = rowAt(rows, min(i + 2, last));
  const d = rowAt(rows, min(i + 3, last));
  const p = rowAt(rows, l);
  const q = rowAt(rows, l + 1);
  let ap = f32x4.splat(0);
  let bp = ap;
  let cp = ap;
  let dp = ap;
  let aq = ap;
  let bq = ap;
  let cq = ap;
  let dq = ap;
  for (let j: usize = 0; j < TILE_BYTES; j += 16) {
    const xa = v128.load(a + j);
    const xb = v128.load(b + j);
    const xc = v128.load(c + j);
    const xd = v128.load(d + j);
    const yp = v128.load(p + j);
    ap = addSquare(ap, xa, yp);
    bp = addSquare(bp, xb, yp);
    cp = addSquare(cp, xc, yp);
    dp = addSquare(dp, xd, yp);
    const yq = v128.load(q + j);
    aq = addSquare(aq, xa, yq);
    bq = addSquare(bq, xb, yq);
    cq = addSquare(cq, xc, yq);
    dq = addSquare(dq, xd, yq);
  }
  put(out, i, l, count, ap);
  put(out, i + 1, l, count, bp);
  put(out, i + 2, l, count, cp);
  put(out, i + 3, l, count, dp);
  put(out, i, l + 1, count, aq);
  put(out, i + 1, l + 1, count, bq);
  put(out, i + 2, l + 1, count, cq);
  put(out, i + 3, l + 1, count, dq);
}

/** Rows i … i + 3 among themselves. */
function sixPairs(rows: usize, i: i32, count: i32, out: usize): void {
  const last = count - 1;
  const a = rowAt(rows, i);
  const b = rowAt(rows, min(i + 1, last));
  const c = rowAt(rows, min(i + 2, last));
  const d = rowAt(rows, min(i + 3, last));
  let ba = f32x4.splat(0);
  let ca = ba;
  let da = ba;
  let cb = ba;
  let db = ba;
  let dc = ba;
  for (let j: usize = 0; j < TILE_BYTES; j += 16) {
    const xa = v128.load(a + j);
    const xb = v128.load(b + j);
    const xc = v128.load(c + j);
    const xd = v128.load(d + j);
    ba = addSquare(ba, xb, xa);
    ca = addSquare(ca, xc, xa);
    da = addSquare(da, xd, xa);
    cb = addSquare(cb, xc, xb);
    db = addSquare(db, xd, xb);
    dc = addSquare(dc, xd, xc);
  }
  put(out, i + 1, i, count, ba);
  put(out, i + 2, i, count, ca);
  put(out, i + 3, i, count, da);
  put(out, i + 2, i + 1, count, cb);
  put(out, i + 3, i + 1, count, db);
  put(out, i + 3, i + 2, count, dc);
}

/** Lanes in float64 as (0 + 1) + (2 + 3), then to what earlier tiles of the chunk gave. */
function put(out: usize, i: i32, l: i32, count: i32, lanes: v128): void {
  if (i >= count) return;
  const sum =
    <f64>f32x4.extract_lane(lanes, 0) +
    <f64>f32x4.extract_lane(lanes, 1) +
    (<f64>f32x4.extract_lane(lanes, 2) + <f64>f32x4.extract_lane(lanes, 3));
  const at = out + ((<usize>(i * count + l)) << 3);
  store<f64>(at, load<f64>(at) + sum);
}

/**
 * Sorts each coordinate's values and averages `kept` of them from position `from`, in ascending order. `network` holds
 * `comparators` pairs of uint32 strip offsets; `strips` is count × 256 bytes of scratch. A `drop` of 0 or more keeps
 * instead all but that many farthest from the median. Returns 0 if a value is not finite.
 */
export function sorted(
  rows: usize,
  count: i32,
  network: usize,
  comparators: i32,
  from: i32,
  kept: i32,
  drop: i32,
  strips: usize,
  out: usize,
): i32 {
  let checks = f32x4.splat(0);
  for (let at: usize = 0; at < TILE_BYTES; at += STRIP_BYTES) {
    for (let k = 0; k < count; k++) checks = f32x4.add(checks, copyStrip(rowAt(rows, k) + at, strips + (<usize>k) * STRIP_BYTES));
    sortStrips(network, comparators, strips);
    if (drop < 0) averageStrips(strips, from, kept, out + at);
    else averageNearest(strips, count, drop, out + at);
  }
  return allZero(checks);
}

/** Returns 0·values summed: not 0 if one is infinite or no number. */
// @ts-ignore: decorator
@inline
function copyStrip(source: usize, target: usize): v128 {
  const zero = f32x4.splat(0);
  let checks = zero;
  for (let j: usize = 0; j < STRIP_BYTES; j += 16) {
    const values = v128.load(source + j);
    checks = f32x4.add(checks, f32x4.mul(values, zero));
    v128.store(target + j, values);
  }
  return checks;
}

function sortStrips(network: usize, comparators: i32, strips: usize): void {
  const networkEnd = network + ((<usize>comparators) << 3);
  for (; network < networkEnd; network += 8) {
    let a = strips + <usize>load<u32>(network);
    let b = strips + <usize>load<u32>(network, 4);
    const end = a + STRIP_BYTES;
    for (; a < end; a += 64, b += 64) exchange(a, b);
  }
}

/**
 * The lesser values to a, the greater to b. Finite values only; −0 and +0 are equal and may both become either. Offsets
 * stand in the instructions: adding them would cost as much as comparing.
 */
// @ts-ignore: decorator
@inline
function exchange(a: usize, b: usize): void {
  const x0 = v128.load(a, 0);
  const y0 = v128.load(b, 0);
  const x1 = v128.load(a, 16);
  const y1 = v128.load(b, 16);
  const x2 = v128.load(a, 32);
  const y2 = v128.load(b, 32);
  const x3 = v128.load(a, 48);
  const y3 = v128.load(b, 48);
  v128.store(a, f32x4.pmin(x0, y0), 0);
  v128.store(b, f32x4.pmax(x0, y0), 0);
  v128.store(a, f32x4.pmin(x1, y1), 16);
  v128.store(b, f32x4.pmax(x1, y1), 16);
  v128.store(a, f32x4.pmin(x2, y2), 32);
  v128.store(b, f32x4.pmax(x2, y2), 32);
  v128.store(a, f32x4.pmin(x3, y3), 48);
  v128.store(b, f32x4.pmax(x3, y3), 48);
}

function averageStrips(strips: usize, from: i32, kept: i32, out: usize): void {
  const first = strips + (<usize>from) * STRIP_BYTES;
  const end = first + (<usize>kept) * STRIP_BYTES;
  const divisor = f64x2.splat(<f64>kept);
  const one = f64x2.splat(1);
  for (let j: usize = 0; j < STRIP_BYTES; j += 16) {
    let low = f64x2.splat(0);
    let high = low;
    for (let at = first + j; at < end; at += STRIP_BYTES) {
      low = addTwo(low, one, at);
      high = addTwo(high, one, at + 8);
    }
    v128.store(out + j, rounded(f64x2.div(low, divisor), f64x2.div(high, divisor)));
  }
}

// @ts-ignore: decorator
@inline
function valueAt(column: usize, k: i32): f64 {
  return <f64>load<f32>(column + (<usize>k) * STRIP_BYTES);
}

function averageNearest(strips: usize, count: i32, drop: i32, out: usize): void {
  for (let j: usize = 0; j < STRIP_BYTES; j += 4) {
    const column = strips + j;
    const median = (valueAt(column, (count - 1) >> 1) + valueAt(column, count >> 1)) / 2;
    let low = 0;
    let high = count - 1;
    for (let dropped = 0; dropped < drop; dropped++) {
      if (valueAt(column, high) - median >= median - valueAt(column, low)) high--;
      else low++;
    }
    let sum: f64 = 0;
    for (let k = low; k <= high; k++) sum += valueAt(column, k);
    store<f32>(out + j, <f32>(sum / <f64>(high - low + 1)) + 0);
  }
}
