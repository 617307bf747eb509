import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { equalBytes } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { floatBytes } from "./safetensors.ts";

/** SHA-256 of one message; callers with a native implementation may pass it in. */
export type Sha256 = (message: Uint8Array) => Uint8Array;

/** A leaf holds 64 float32 values: the unit a fault proof opens. */
export const LEAF_FLOATS = 64;
export const LEAF_BYTES = 4 * LEAF_FLOATS;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;
const HASH_BYTES = 32;
/** Stands at leaf level for the leaves that pad the tree to a power of two. */
const MISSING_LEAF = new Uint8Array(HASH_BYTES);

/** Number of leaves of a model of `dimension` values. */
export function leafCount(dimension: number): number {
  return Math.ceil(dimension / LEAF_FLOATS);
}

/** Length of every proof of a model of `dimension` values: the tree is padded to the next power of two. */
export function treeDepth(dimension: number): number {
  let depth = 0;
  while (2 ** depth < leafCount(dimension)) depth++;
  return depth;
}

/** Root of the Merkle tree over the values, 32 bytes. */
export function merkleRoot(floats: Float32Array, sha256: Sha256 = nobleSha256): Uint8Array {
  return (treeLevels(floats, sha256).at(-1) as Uint8Array[])[0] as Uint8Array;
}

export interface OpenedLeaf {
  /** 256 bytes: 64 values, the last leaf filled up with zeros. */
  readonly leaf: Uint8Array;
  /** Sibling hashes from the leaf upwards; `treeDepth(dimension)` of them. */
  readonly proof: readonly Uint8Array[];
}

/**
 * Opens one leaf of a model.
 * @throws QuorateError MODEL_LEAF_INDEX if there is no such leaf
 */
export function openLeaf(floats: Float32Array, leafIndex: number, sha256: Sha256 = nobleSha256): OpenedLeaf {
  if (!Number.isInteger(leafIndex) || leafIndex < 0 || leafIndex >= leafCount(floats.length)) {
    throw new QuorateError(
      "MODEL_LEAF_INDEX",
      `leaf ${leafIndex} does not exist: the model has ${leafCount(floats.length)} leaves`,
      { leafIndex, leaves: leafCount(floats.length) },
    );
  }
  const proof: Uint8Array[] = [];
  let index = leafIndex;
  for (const level of treeLevels(floats, sha256).slice(0, -1)) {
    proof.push(level[index ^ 1] as Uint8Array);
    index >>= 1;
  }
  return { leaf: leafBytes(floats, leafIndex), proof };
}

/** What a leaf's opening is checked against. */
export interface LeafClaim extends OpenedLeaf {
  readonly merkleRoot: Uint8Array;
  readonly dimension: number;
  readonly leafIndex: number;
}

/** True if the leaf stands at `leafIndex` in the tree. Depth and position follow from the dimension alone. */
export function verifyLeaf(claim: LeafClaim, sha256: Sha256 = nobleSha256): boolean {
  const { dimension, leafIndex, leaf, proof } = claim;
  const inRange = Number.isInteger(leafIndex) && leafIndex >= 0 && leafIndex < leafCount(dimension);
  if (!inRange || leaf.length !== LEAF_BYTES || proof.length !== treeDepth(dimension)) return false;
  if (proof.some(({ length }) => length !== HASH_BYTES)) return false;
  return equalBytes(rootOfLeaf(claim, leafIndex, sha256), claim.merkleRoot);
}

/** Root of the tree in which the leaf stands at `leafIndex` with these siblings. */
export function rootOfLeaf(
  { leaf, proof }: OpenedLeaf,
  leafIndex: number,
  sha256: Sha256 = nobleSha256,
): Uint8Array {
  let hash = sha256(prefixed(LEAF_PREFIX, leaf));
  let index = leafIndex;
  for (const sibling of proof) {
    hash = sha256(
      index % 2 === 0 ? prefixed(NODE_PREFIX, hash, sibling) : prefixed(NODE_PREFIX, sibling, hash),
    );
    index >>= 1;
  }
  return hash;
}

/** All levels, leaf hashes first; every level but the root has even length. */
function treeLevels(floats: Float32Array, sha256: Sha256): readonly Uint8Array[][] {
  const width = 2 ** treeDepth(floats.length);
  const leaves = Array.from({ length: leafCount(floats.length) }, (_, i) =>
    sha256(prefixed(LEAF_PREFIX, leafBytes(floats, i))),
  );
  const levels = [[...leaves, ...new Array<Uint8Array>(width - leaves.length).fill(MISSING_LEAF)]];
  for (let level = levels[0] as Uint8Array[]; level.length > 1; ) {
    const below = level;
    level = Array.from({ length: below.length / 2 }, (_, i) =>
      sha256(prefixed(NODE_PREFIX, below[2 * i] as Uint8Array, below[2 * i + 1] as Uint8Array)),
    );
    levels.push(level);
  }
  return levels;
}

function leafBytes(floats: Float32Array, index: number): Uint8Array {
  const leaf = new Uint8Array(LEAF_BYTES);
  leaf.set(floatBytes(floats.subarray(index * LEAF_FLOATS, (index + 1) * LEAF_FLOATS)));
  return leaf;
}

function prefixed(prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const message = new Uint8Array(1 + parts.reduce((sum, part) => sum + part.length, 0));
  message[0] = prefix;
  let at = 1;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}
