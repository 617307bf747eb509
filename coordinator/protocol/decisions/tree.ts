import { concatBytes } from "@noble/hashes/utils.js";
import { compareHex, fromHex, type Hex, keccak, ZERO_HASH } from "../bytes.ts";

/**
 * A Merkle tree that only grows: the roots of perfect trees over 2^k leaves each, largest first, one per binary digit of
 * the count. Its root folds them from the right. Pairs are hashed in rising order, so that OpenZeppelin's MerkleProof checks
 * a path without its shape.
 */
export interface Tree {
  count: number;
  peaks: Hex[];
}

export function emptyTree(): Tree {
  return { count: 0, peaks: [] };
}

/** Adds a leaf, in place. */
export function append(tree: Tree, leaf: Hex): void {
  let node = leaf;
  for (let digits = tree.count; digits % 2 === 1; digits = Math.floor(digits / 2))
    node = pairHash(tree.peaks.pop()!, node);
  tree.peaks.push(node);
  tree.count++;
}

/** Zero while there is no leaf. */
export function rootOf({ peaks }: Tree): Hex {
  return peaks.length === 0 ? ZERO_HASH : peaks.reduceRight((right, peak) => pairHash(peak, right));
}

/** Path from leaf `index` to the root over `leaves`. */
export function pathOf(leaves: readonly Hex[], index: number): Hex[] {
  let start = 0;
  const peaks: Hex[] = [];
  const path: Hex[] = [];
  let own = 0;
  for (let size = 2 ** 31; size >= 1; size /= 2) {
    if ((Math.floor(leaves.length / size) & 1) === 0) continue;
    const inside = index >= start && index < start + size;
    if (inside) own = peaks.length;
    peaks.push(perfectRoot(leaves.slice(start, start + size), inside ? index - start : -1, path));
    start += size;
  }
  const right = peaks.slice(own + 1);
  if (right.length > 0) path.push(right.reduceRight((folded, peak) => pairHash(peak, folded)));
  return [...path, ...peaks.slice(0, own).reverse()];
}

/** The root a leaf and its path lead to. */
export function climb(leaf: Hex, path: readonly Hex[]): Hex {
  return path.reduce(pairHash, leaf);
}

/** Adds to `path` the siblings on the way from leaf `index` up, if it is not negative. */
function perfectRoot(leaves: readonly Hex[], index: number, path: Hex[]): Hex {
  let level = leaves;
  for (let at = index; level.length > 1; at = at < 0 ? at : at >> 1) {
    if (at >= 0) path.push(level[at ^ 1]!);
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, i) => pairHash(below[2 * i]!, below[2 * i + 1]!));
  }
  return level[0]!;
}

function pairHash(a: Hex, b: Hex): Hex {
  const [low, high] = compareHex(a, b) < 0 ? [a, b] : [b, a];
  return keccak(concatBytes(fromHex(low, 32), fromHex(high, 32)));
}
