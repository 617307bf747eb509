import { type Hex, toHex } from "../bytes.ts";
import type { Sha256 } from "../model/merkle.ts";
import { lengthBytes, Writer } from "./codec.ts";
import { DOMAIN } from "./statements.ts";
import type { Bundle, Payload } from "./types.ts";

/** Most bytes of a block's bundles, as they are written: with all certificates a message and a record hold them. */
export const MAX_PAYLOAD_BYTES = 8 * 2 ** 20;
const OPERATIONS_PER_LEAF = 32;
/** Of a written bundle, beside its key, operations and signature: two lengths, the sequence and a count. */
const HEAD_BYTES = 20;

/** What was computed of a bundle before. A bundle is never changed once it is made, so this remembers and decides nothing. */
interface Known {
  /** As it is written: a payload goes into a log and to each peer, and is put together once. */
  bytes?: Uint8Array;
  root?: Uint8Array;
  leaf?: Uint8Array;
  name?: Hex;
}
const known = new WeakMap<Bundle, Known>();

function knownOf(bundle: Bundle): Known {
  let all = known.get(bundle);
  if (!all) {
    all = {};
    known.set(bundle, all);
  }
  return all;
}

/** A bundle was read from these bytes; they are not changed any more. */
export function rememberBytes(bundle: Bundle, bytes: Uint8Array): void {
  knownOf(bundle).bytes = bytes;
}

/** A bundle as it is written. */
export function bytesOf(bundle: Bundle): Uint8Array {
  const all = knownOf(bundle);
  if (all.bytes) return all.bytes;
  const { operations, clientKey, signature } = bundle;
  const size = operations.reduce((sum, { length }) => sum + lengthBytes(length) + length, 0);
  const w = new Writer(size + clientKey.length + signature.length + HEAD_BYTES);
  w.bytes(clientKey).u64(bundle.sequence).u32(operations.length);
  for (const operation of operations) w.size(operation.length).raw(operation);
  all.bytes = w.bytes(signature).done();
  return all.bytes;
}

/** Bytes of a payload's bundles as they are written. */
export function payloadBytes({ bundles }: Payload): number {
  return bundles.reduce((sum, bundle) => sum + bytesOf(bundle).length, 0);
}

/** Merkle root over the bundles; the next config is bound by its own hash in the block. */
export function payloadRoot({ bundles }: Payload, sha256?: Sha256): Hex {
  const leaves = bundles.map((bundle) => bundleHash(bundle, sha256));
  return toHex(merkle(leaves, leaves.length, sha256));
}

/** Binds a bundle with its signature: a leaf of the payload's root, and its name in an outline. */
export function nameOf(bundle: Bundle, sha256?: Sha256): Hex {
  const all = knownOf(bundle);
  all.name ??= toHex(bundleHash(bundle, sha256));
  return all.name;
}

function bundleHash(bundle: Bundle, sha256?: Sha256): Uint8Array {
  const all = knownOf(bundle);
  if (all.leaf) return all.leaf;
  const writer = new Writer().u8(DOMAIN.leaf).bytes(bundle.clientKey).u64(bundle.sequence);
  all.leaf = writer.raw(operationsRoot(bundle, sha256)).bytes(bundle.signature).sha256(sha256);
  return all.leaf;
}

/** What a client signs: its next sequence number and the root of its operations. */
export function bundleDigest(groupId: Hex, bundle: Bundle, sha256?: Sha256): Uint8Array {
  const root = operationsRoot(bundle, sha256);
  return new Writer().u8(DOMAIN.bundle).hash(groupId).u64(bundle.sequence).raw(root).sha256(sha256);
}

/**
 * Merkle root over a bundle's operations, as they are written. A leaf holds several: one hash for each would cost ten times
 * as much, and is most of what ordering small operations costs.
 */
function operationsRoot(bundle: Bundle, sha256?: Sha256): Uint8Array {
  const all = knownOf(bundle);
  if (all.root) return all.root;
  const { operations, clientKey } = bundle;
  const bytes = bytesOf(bundle);
  const leaves: Uint8Array[] = [];
  for (let first = 0, at = HEAD_BYTES - 4 + clientKey.length; first < operations.length; ) {
    const from = at;
    const end = Math.min(operations.length, first + OPERATIONS_PER_LEAF);
    for (; first < end; first++) at += lengthBytes(operations[first]!.length) + operations[first]!.length;
    leaves.push(new Writer(1 + at - from).u8(DOMAIN.leaf).raw(bytes.subarray(from, at)).sha256(sha256));
  }
  all.root = merkle(leaves, operations.length, sha256);
  return all.root;
}

/** Root of a binary tree over hashed leaves; a lone node goes up unchanged, and the count is part of the root. */
function merkle(leaves: Uint8Array[], count: number, sha256?: Sha256): Uint8Array {
  let level = leaves;
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const right = below[2 * i + 1];
      if (!right) return below[2 * i]!;
      return new Writer()
        .u8(DOMAIN.node)
        .raw(below[2 * i]!)
        .raw(right)
        .sha256(sha256);
    });
  }
  const writer = new Writer().u8(DOMAIN.node).u32(count);
  return (level[0] ? writer.raw(level[0]) : writer).sha256(sha256);
}
