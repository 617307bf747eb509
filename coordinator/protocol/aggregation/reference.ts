import { QuorateError } from "../errors.ts";
import { orderStatistic, weightedMean } from "./coordinate.ts";
import { type Distances, squaredDistances } from "./distances.ts";
import { checkedCounts, checkedDimension, type WeightedUpdate } from "./fedavg.ts";
import { type Plan, planRule, type RowMap, sharesOf } from "./plan.ts";
import type { Rule } from "./rule.ts";

/** What a rule takes besides the updates. */
export interface AggregationContext {
  /** Where clipping and the geometric median start, in a round the base model; all zeros by default. */
  readonly centre?: Float32Array;
  /** What bucketing draws from; empty by default. */
  readonly seed?: Uint8Array;
}

/** One model of many. */
export interface Aggregate {
  readonly floats: Float32Array;
  /**
   * Each update's part in it: a share, 0 for an update that the rule left out, or null where every coordinate decides
   * for itself.
   */
  readonly shares: readonly (number | null)[];
}

/**
 * Applies a rule: the reference that every faster engine equals bit for bit.
 *
 * @param updates ascending by client address; all of one length
 * @throws QuorateError AGGREGATION_EMPTY, AGGREGATION_TOO_MANY, AGGREGATION_SAMPLE_COUNT, AGGREGATION_SHAPE,
 *   AGGREGATION_NOT_FINITE, AGGREGATION_TOO_FEW, AGGREGATION_TOO_COSTLY
 */
export function aggregate(
  rule: Rule,
  updates: readonly WeightedUpdate[],
  context: AggregationContext = {},
): Aggregate {
  const counts = checkedCounts(updates);
  const dimension = checkedDimension(updates);
  const rows = updates.map(({ floats }) => floats);
  rows.forEach((row, index) => {
    assertFinite(row, `update ${index}`, { index });
  });
  const centre = checkedCentre(context.centre, dimension);
  const planner = planRule(rule, counts, context.seed ?? new Uint8Array());
  let step = planner.next();
  while (!step.done) {
    const { maps, withCentre } = step.value;
    const mapped = mapRows(rows, centre, maps);
    const distances = squaredDistances(withCentre ? [...mapped, centre] : mapped);
    assertFiniteDistances(distances);
    step = planner.next(distances);
  }
  const floats = carryOut(step.value, rows, centre);
  assertFinite(floats, "the aggregate");
  return { floats, shares: sharesOf(step.value, updates.length) };
}

function carryOut({ maps, combination }: Plan, rows: readonly Float32Array[], centre: Float32Array) {
  const mapped = mapRows(rows, centre, maps);
  if (combination.kind === "mean")
    return weightedMean(
      [...mapped, centre].slice(0, combination.weights.length),
      combination.weights,
      combination.total,
    );
  const members = combination.members.map((k) => mapped[k] as Float32Array);
  return orderStatistic(members, combination.kind, combination.drop);
}

function mapRows(rows: readonly Float32Array[], centre: Float32Array, maps: readonly RowMap[]) {
  return maps.reduce((before, map) => mapOnce(before, centre, map), rows);
}

function mapOnce(rows: readonly Float32Array[], centre: Float32Array, map: RowMap): readonly Float32Array[] {
  if (map.kind === "average")
    return map.members.map((group) => {
      const chosen = group.map((k) => rows[k] as Float32Array);
      return weightedMean(chosen, new Array(chosen.length).fill(1), chosen.length);
    });
  return rows.map((row, k) => {
    const scale = map.scales[k] as number;
    if (scale === 1) return row;
    return row.map((value, j) => {
      const from = centre[j] as number;
      return Math.fround(from + scale * (value - from)) + 0;
    });
  });
}

/** @throws QuorateError AGGREGATION_SHAPE, AGGREGATION_NOT_FINITE */
export function checkedCentre(centre: Float32Array | undefined, dimension: number): Float32Array {
  if (centre === undefined) return new Float32Array(dimension);
  if (centre.length !== dimension)
    throw new QuorateError(
      "AGGREGATION_SHAPE",
      `the centre has ${centre.length} values, the updates have ${dimension}`,
      { actual: centre.length, expected: dimension },
    );
  assertFinite(centre, "the centre");
  return centre;
}

/** @throws QuorateError AGGREGATION_NOT_FINITE */
export function assertFinite(
  values: Float32Array,
  what: string,
  details: Record<string, unknown> = {},
): void {
  const coordinate = values.findIndex((value) => !Number.isFinite(value));
  if (coordinate < 0) return;
  throw new QuorateError(
    "AGGREGATION_NOT_FINITE",
    `coordinate ${coordinate} of ${what} is ${values[coordinate]}: an update holds values that were never checked`,
    { ...details, coordinate },
  );
}

/**
 * Squares beyond float32 would make a choice among updates meaningless.
 * @throws QuorateError AGGREGATION_NOT_FINITE
 */
export function assertFiniteDistances({ rows, squared }: Distances): void {
  const at = squared.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const [index, other] = [at % rows, Math.floor(at / rows)];
  throw new QuorateError(
    "AGGREGATION_NOT_FINITE",
    `the squared distance of rows ${other} and ${index} is ${squared[at]}: their values were never checked`,
    { index, other },
  );
}
