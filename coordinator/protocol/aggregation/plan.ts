import { createPrng, permutation } from "../learning/prng.ts";
import { KRUM_VARIANTS } from "./catalogue.ts";
import type { Distances } from "./distances.ts";
import { type Barycentre, clipAround, clipScale, weiszfeld } from "./iterations.ts";
import { assertFits, type Rule, type Step } from "./rule.ts";
import {
  bulyanSelection,
  krumNeighbours,
  krumScores,
  lowest,
  nearest,
  smallestDiameter,
} from "./selection.ts";

/** Makes rows of rows, coordinate by coordinate, each rounded once to float32. */
export type RowMap =
  /** Row i is the mean of these rows. */
  | { readonly kind: "average"; readonly members: readonly (readonly number[])[] }
  /** Row i is centre + scale·(row i − centre), or row i itself where the scale is 1. */
  | { readonly kind: "clip"; readonly scales: readonly number[] };

/** What a rule asks for: distances between the rows that `maps` make, the centre as last row if `withCentre`. */
export interface DistanceQuery {
  readonly maps: readonly RowMap[];
  readonly withCentre: boolean;
}

/** How the rows become one. */
export type Combination =
  /** Σ weight·row ÷ total over rows of weight ≠ 0, ascending; one weight more than rows: the last is the centre's. */
  | ({ readonly kind: "mean" } & Barycentre)
  /** A rule on each coordinate's sorted values of these rows. */
  | {
      readonly kind: "median" | "trimmed-mean" | "meamed";
      readonly members: readonly number[];
      /** Values dropped: at both ends (trimmed mean) or in all (meamed). */
      readonly drop: number;
    };

/** What is left to do once all distances are known. */
export interface Plan {
  readonly maps: readonly RowMap[];
  readonly combination: Combination;
}

/** A rule at work: yields questions about distances and returns the plan. The same for every engine. */
export type Planner = Generator<DistanceQuery, Plan, Distances>;

interface Stage {
  readonly maps: readonly RowMap[];
  /** Samples behind each row; 1 once rows were mixed. */
  readonly counts: readonly number[];
}

/**
 * Starts a rule.
 * @param counts samples of each update, ascending by client
 * @param seed of bucketing's draw
 * @throws QuorateError AGGREGATION_TOO_FEW, AGGREGATION_TOO_COSTLY, from the generator
 */
export function* planRule(rule: Rule, counts: readonly number[], seed: Uint8Array): Planner {
  assertFits(rule, counts.length);
  let stage: Stage = { maps: [], counts };
  for (const step of rule.pre ?? []) stage = yield* planStep(step, stage, seed);
  return { maps: stage.maps, combination: yield* combine(rule, stage) };
}

function* planStep(
  step: Step,
  { maps, counts }: Stage,
  seed: Uint8Array,
): Generator<DistanceQuery, Stage, Distances> {
  const n = counts.length;
  switch (step.name) {
    case "nnm": {
      const distances = yield { maps, withCentre: false };
      return averaged(maps, nearest(distances, n - step.f!));
    }
    case "bucketing": {
      const order = permutation(n, createPrng(seed));
      const buckets = Array.from({ length: Math.ceil(n / step.s!) }, (_, b) =>
        [...order.subarray(b * step.s!, (b + 1) * step.s!)].sort((a, c) => a - c),
      );
      return averaged(maps, buckets);
    }
    case "norm-clipping": {
      const lengths = lengthsOf(yield { maps, withCentre: true });
      return clipped({ maps, counts }, lengths, step.tau!);
    }
    case "adaptive-clipping": {
      const lengths = lengthsOf(yield { maps, withCentre: true });
      const longest = Math.floor((2 * step.f! * (n - step.f!)) / n);
      const sorted = Float64Array.from(lengths).sort();
      return clipped({ maps, counts }, lengths, sorted[n - longest - 1]!);
    }
  }
}

function averaged(maps: readonly RowMap[], members: readonly (readonly number[])[]): Stage {
  return { maps: [...maps, { kind: "average", members }], counts: members.map(() => 1) };
}

function clipped({ maps, counts }: Stage, lengths: readonly number[], tau: number): Stage {
  const scales = lengths.map((length) => clipScale(length, tau));
  return { maps: [...maps, { kind: "clip", scales }], counts };
}

/** Lengths of the rows' differences to the centre. */
function lengthsOf({ rows, squared }: Distances): number[] {
  return Array.from({ length: rows - 1 }, (_, i) => Math.sqrt(squared[i * rows + rows - 1]!));
}

function* combine(rule: Rule, { maps, counts }: Stage): Generator<DistanceQuery, Combination, Distances> {
  const n = counts.length;
  const all = counts.map((_, i) => i);
  const f = rule.f ?? 0;
  switch (rule.name) {
    case "fedavg":
      return weighted(counts);
    case "median":
    case "trimmed-mean":
    case "meamed":
      return { kind: rule.name, members: all, drop: f };
    case "geometric-median":
      return { kind: "mean", ...weiszfeld(yield { maps, withCentre: true }, rule.nu!, rule.iterations!) };
    case "centred-clipping":
      return { kind: "mean", ...clipAround(yield { maps, withCentre: true }, rule.tau!, rule.iterations!) };
  }
  const distances = yield { maps, withCentre: false };
  if (rule.name === "mda") return meanOf(smallestDiameter(distances, f), n);
  if (rule.name === "bulyan") return { kind: "meamed", members: bulyanSelection(distances, f), drop: 2 * f };
  const scores = krumScores(distances, all, krumNeighbours(n, f, rule.variant ?? KRUM_VARIANTS[0]));
  return meanOf(lowest(scores, rule.name === "krum" ? 1 : n - f), n);
}

function meanOf(members: readonly number[], rows: number): Combination {
  return weighted(Array.from({ length: rows }, (_, i) => (members.includes(i) ? 1 : 0)));
}

function weighted(counts: readonly number[]): Combination {
  return {
    kind: "mean",
    weights: Float64Array.from(counts),
    total: counts.reduce((total, count) => total + count, 0),
  };
}

/**
 * What part each update has in the result.
 *
 * @param updates number of updates
 * @returns per update a share (they sum to 1, less the centre's) or, where every coordinate decides for itself, null
 *   in its place; 0 if it has no part at all
 */
export function sharesOf({ maps, combination }: Plan, updates: number): (number | null)[] {
  const { kind } = combination;
  const rows = maps.reduce((n, map) => (map.kind === "average" ? map.members.length : n), updates);
  let shares: (number | null)[] = Array.from({ length: rows }, (_, i) => {
    if (kind === "mean") return combination.weights[i]! / combination.total;
    return combination.members.includes(i) ? null : 0;
  });
  let count = rows;
  for (const [at, map] of [...maps.entries()].reverse()) {
    if (map.kind === "clip") continue;
    count = maps.slice(0, at).reduce((n, m) => (m.kind === "average" ? m.members.length : n), updates);
    shares = spread(shares, map.members, count);
  }
  return shares;
}

function spread(
  shares: readonly (number | null)[],
  members: readonly (readonly number[])[],
  rows: number,
): (number | null)[] {
  const before: (number | null)[] = new Array(rows).fill(0);
  members.forEach((group, i) => {
    const share = shares[i]!;
    for (const j of group) {
      const sum = before[j]!;
      before[j] = share === null || sum === null ? null : sum + share / group.length;
    }
  });
  return before;
}
