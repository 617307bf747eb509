import { QuorateError } from "../errors.ts";
import type { KrumVariant } from "./catalogue.ts";
import type { Distances } from "./distances.ts";

// Choices among updates that depend on their distances alone. Everywhere the lower index wins a tie; indices follow
// the clients' addresses, so the order in which updates arrived never matters.

/** Subsets of n − f updates that MDA looks at; beyond it a round would wait for it. */
export const MDA_MOST_SUBSETS = 200_000;

/** Positions of the `count` smallest values, ascending by position. */
export function lowest(values: readonly number[], count: number): number[] {
  return values
    .map((_, i) => i)
    .sort((a, b) => compare(values[a]!, values[b]!) || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** Infinities are equal to each other here, where their difference would be no number. */
function compare(a: number, b: number): number {
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

/** Krum's score of each of `members`: the sum of its smallest squared distances to the others, added ascending. */
export function krumScores(distances: Distances, members: readonly number[], neighbours: number): number[] {
  const { rows, squared } = distances;
  return members.map((i) => {
    const others = members.filter((l) => l !== i).map((l) => squared[i * rows + l]!);
    return others
      .sort(compare)
      .slice(0, neighbours)
      .reduce((sum, value) => sum + value, 0);
  });
}

/** How many neighbours each variant sums for n updates. */
export function krumNeighbours(n: number, f: number, variant: KrumVariant): number {
  return variant === "byzfl" ? n - f - 1 : n - f - 2;
}

/** Bulyan's first half: Krum's winner is taken out n − 2f times. Ascending indices. */
export function bulyanSelection(distances: Distances, f: number): number[] {
  let left = Array.from({ length: distances.rows }, (_, i) => i);
  const chosen: number[] = [];
  while (chosen.length < distances.rows - 2 * f) {
    const neighbours = Math.max(1, left.length - f - 2);
    const [best] = lowest(krumScores(distances, left, neighbours), 1);
    chosen.push(left[best!]!);
    left = left.filter((_, i) => i !== best);
  }
  return chosen.sort((a, b) => a - b);
}

/**
 * The n − f updates whose greatest distance is smallest; of equal ones the first in lexicographic order. Visits up to
 * all subsets: {@link assertAffordable}.
 */
export function smallestDiameter(distances: Distances, f: number): number[] {
  const { rows, squared } = distances;
  let best: number[] = [];
  let bestDiameter = Number.POSITIVE_INFINITY;
  const search = (chosen: number[], next: number, diameter: number) => {
    if (chosen.length === rows - f) {
      if (best.length === 0 || diameter < bestDiameter) [best, bestDiameter] = [chosen, diameter];
      return;
    }
    const last = rows - (rows - f - chosen.length);
    for (let i = next; i <= last; i++) {
      const wider = chosen.reduce((most, l) => Math.max(most, squared[i * rows + l]!), diameter);
      if (best.length === 0 || wider < bestDiameter) search([...chosen, i], i + 1, wider);
    }
  };
  search([], 0, 0);
  return best;
}

/** For each update the `count` nearest, itself included, ascending by index. */
export function nearest(distances: Distances, count: number): number[][] {
  const { rows, squared } = distances;
  return Array.from({ length: rows }, (_, i) =>
    lowest([...squared.subarray(i * rows, (i + 1) * rows)], count),
  );
}

/** @throws QuorateError AGGREGATION_TOO_COSTLY if MDA would look at too many subsets */
export function assertAffordable(n: number, f: number): void {
  let subsets = 1;
  for (let k = 1; k <= f && subsets <= MDA_MOST_SUBSETS; k++) subsets = (subsets * (n - k + 1)) / k;
  if (subsets <= MDA_MOST_SUBSETS) return;
  throw new QuorateError(
    "AGGREGATION_TOO_COSTLY",
    `mda with f = ${f} of ${n} updates would compare more than ${MDA_MOST_SUBSETS} subsets: use multi-krum or lower f`,
    { rows: n, f, limit: MDA_MOST_SUBSETS },
  );
}
