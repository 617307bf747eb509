import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { type Hex, toHex } from "../bytes.ts";
import { encodeHeader } from "./header.ts";
import { merkleRoot, type OpenedLeaf, rootOfLeaf, type Sha256 } from "./merkle.ts";
import type { Model } from "./model.ts";
import { type ParseOptions, parseCanonical } from "./safetensors.ts";

/** Separates model roots from the Merkle tree's leaves (0x00) and nodes (0x01). */
const MODEL_PREFIX = 0x02;

/** The parts of a commitment; a fault proof shows them to the contract next to one leaf. */
export interface ModelCommitment {
  readonly headerHash: Hex;
  readonly nonFloatHash: Hex;
  /** Number of float32 values. */
  readonly dimension: number;
  readonly merkleRoot: Hex;
  readonly modelRoot: Hex;
}

/**
 * Commits to a model:
 * `modelRoot = SHA-256(0x02 ‖ SHA-256(header bytes) ‖ SHA-256(non-float bytes) ‖ uint64be(dimension) ‖ merkleRoot)`,
 * where the header bytes are everything in the canonical file before the data.
 */
export function commitModel(model: Model, sha256: Sha256 = nobleSha256): ModelCommitment {
  const hashes = modelHashes(model, sha256);
  const root = merkleRoot(model.floats, sha256);
  return {
    headerHash: toHex(hashes.headerHash),
    nonFloatHash: toHex(hashes.nonFloatHash),
    dimension: hashes.dimension,
    merkleRoot: toHex(root),
    modelRoot: toHex(sha256(rootMessage(hashes, root))),
  };
}

/** A commitment without its tree. */
interface Hashes {
  readonly headerHash: Uint8Array;
  readonly nonFloatHash: Uint8Array;
  readonly dimension: number;
}

/** What a model's commitment holds besides the tree over its values. */
export function modelHashes(model: Model, sha256: Sha256 = nobleSha256): Hashes {
  return {
    headerHash: sha256(encodeHeader(model)),
    nonFloatHash: sha256(model.others),
    dimension: model.floats.length,
  };
}

function rootMessage({ headerHash, nonFloatHash, dimension }: Hashes, root: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + 32 + 32 + 8 + 32);
  message[0] = MODEL_PREFIX;
  message.set(headerHash, 1);
  message.set(nonFloatHash, 33);
  new DataView(message.buffer).setBigUint64(65, BigInt(dimension));
  message.set(root, 73);
  return message;
}

/** One leaf of a model that is known by its parts only. */
export interface ModelOpening extends Hashes, OpenedLeaf {
  readonly leafIndex: number;
}

/** Root of the model that opens so. The caller has checked that leaf and proof have the dimension's lengths. */
export function modelRootOfOpening(opening: ModelOpening, sha256: Sha256 = nobleSha256): Hex {
  return toHex(sha256(rootMessage(opening, rootOfLeaf(opening, opening.leafIndex, sha256))));
}

/** The 32-byte name of a model on chain and in signatures. */
export function modelRoot(model: Model, sha256: Sha256 = nobleSha256): Hex {
  return commitModel(model, sha256).modelRoot;
}

/**
 * The model root of a file.
 * @throws QuorateError MODEL_NOT_CANONICAL if the bytes are not canonical, or as `parseModel`
 */
export function modelRootOfBytes(
  bytes: Uint8Array,
  sha256: Sha256 = nobleSha256,
  options: ParseOptions = {},
): Hex {
  return modelRoot(parseCanonical(bytes, options), sha256);
}
