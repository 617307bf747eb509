import type { Distances } from "./distances.ts";

// Iterative rules need no pass over the weights: their current point is always z = Σ λⱼxⱼ with Σ λⱼ = 1, so
// ‖xᵢ − z‖² = Σⱼ λⱼd²ᵢⱼ − ½ Σⱼₗ λⱼλₗd²ⱼₗ follows from the distances alone. The last row is the centre, where z starts.

/** Weights of the updates, then of the centre, in the result, and their sum in that order. */
export interface Barycentre {
  readonly weights: Float64Array;
  readonly total: number;
}

/**
 * Smoothed Weiszfeld (Pillutla et al. 2022, algorithm 2) from the centre: each iteration weighs an update by
 * 1 / max(ν, its distance to z).
 */
export function weiszfeld(distances: Distances, nu: number, iterations: number): Barycentre {
  const centre = distances.rows - 1;
  let lambda = startAtCentre(distances.rows);
  let weights = lambda;
  let total = 1;
  for (let t = 0; t < iterations; t++) {
    const lengths = distancesTo(distances, lambda);
    weights = lengths.map((length, i) => (i === centre ? 0 : 1 / Math.max(nu, length)));
    total = sum(weights);
    const scale = total;
    lambda = weights.map((weight) => weight / scale);
  }
  return { weights, total };
}

/** v ← v + (1/n) Σ min(1, τ/‖xᵢ − v‖)·(xᵢ − v), from the centre (Karimireddy et al. 2021, algorithm 1). */
export function clipAround(distances: Distances, tau: number, iterations: number): Barycentre {
  const centre = distances.rows - 1;
  let weights = startAtCentre(distances.rows);
  for (let t = 0; t < iterations; t++) {
    const lengths = distancesTo(distances, weights);
    const steps = lengths.map((length, i) => (i === centre ? 0 : clipScale(length, tau) / centre));
    const rest = 1 - sum(steps);
    weights = weights.map((weight, i) => weight * rest + steps[i]!);
  }
  return { weights, total: sum(weights) };
}

/** What a difference of this length is multiplied by so that it is at most `tau` long. */
export function clipScale(length: number, tau: number): number {
  return length > tau ? tau / length : 1;
}

function startAtCentre(rows: number): Float64Array {
  const lambda = new Float64Array(rows);
  lambda[rows - 1] = 1;
  return lambda;
}

function distancesTo({ rows, squared }: Distances, lambda: Float64Array): Float64Array {
  const mixed = Float64Array.from({ length: rows }, (_, i) => {
    let value = 0;
    for (let j = 0; j < rows; j++) value += lambda[j]! * squared[i * rows + j]!;
    return value;
  });
  let spread = 0;
  for (let j = 0; j < rows; j++) spread += lambda[j]! * mixed[j]!;
  // Rounding may leave less than nothing where a point is z itself.
  return mixed.map((value) => Math.sqrt(Math.max(0, value - spread / 2)));
}

function sum(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
