import { sha256 } from "@noble/hashes/sha2.js";
import { type Hex, toHex } from "../../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../../coordinator/protocol/errors.ts";
import type { Signatures } from "../../../coordinator/protocol/praft/certificates.ts";
import type { Committee } from "../../../coordinator/protocol/praft/config.ts";
import { committeeOf } from "../../../coordinator/protocol/praft/config.ts";
import type { Vote } from "../../../coordinator/protocol/praft/messages.ts";
import { voteDigest } from "../../../coordinator/protocol/praft/statements.ts";

export const GROUP: Hex = `0x${"ab".repeat(32)}`;

/** Deterministic and cheap, for tests only: the public key is the secret key, so anyone could forge. */
export const testScheme: Signatures = {
  sign: (key, digest) => tag(key, digest),
  verify: (key, digest, signature) => equal(tag(key, digest), signature),
  aggregate(signatures) {
    const all = new Uint8Array(8 * signatures.length);
    for (const [i, signature] of signatures.entries()) {
      if (signature.length !== 8) throw new QuorateError("SIGNATURE_MALFORMED", `signature ${i} is none`);
      all.set(signature, 8 * i);
    }
    return all;
  },
  verifyAggregate: (keys, digests, all) =>
    all.length === 8 * keys.length &&
    keys.every((key, i) =>
      equal(tag(key, digests instanceof Uint8Array ? digests : digests[i]!), all.subarray(8 * i, 8 * i + 8)),
    ),
};

/** Two rounds of FNV-1a over key and digest. */
function tag(key: Uint8Array, digest: Uint8Array): Uint8Array {
  const out = new Uint8Array(8);
  const view = new DataView(out.buffer);
  for (let half = 0; half < 2; half++) {
    let hash = 0x811c9dc5 ^ half;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key[i]!, 0x01000193);
    for (let i = 0; i < digest.length; i++) hash = Math.imul(hash ^ digest[i]!, 0x01000193);
    view.setUint32(4 * half, hash >>> 0);
  }
  return out;
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The key of member or client number `i`. */
export function keyOf(i: number, salt = 0): Uint8Array {
  return sha256(Uint8Array.of(salt, i)).subarray(0, 8);
}

export function committeeWith(weights: readonly number[], epoch = 0): Committee {
  return committeeOf({
    groupId: GROUP,
    epoch,
    members: weights.map((weight, i) => ({ id: `m${i}`, voteKey: keyOf(i), weight })),
  });
}

/** Members by their numbers, of weight 1 each. */
export function committeeOfMembers(members: readonly number[], epoch: number): Committee {
  return committeeOfWeights(members, epoch, () => 1);
}

/** Members by their numbers. */
export function committeeOfWeights(
  members: readonly number[],
  epoch: number,
  weightOf: (member: number) => number,
): Committee {
  return committeeOf({
    groupId: GROUP,
    epoch,
    members: members.map((i) => ({ id: `m${i}`, voteKey: keyOf(i), weight: weightOf(i) })),
  });
}

export function hashOf(name: string): Hex {
  return toHex(sha256(new TextEncoder().encode(name)));
}

export function voteOf(
  committee: Committee,
  signer: number,
  at: { view: number; height: number },
  blockHash: Hex,
): Vote {
  const signature = testScheme.sign(keyOf(signer), voteDigest(committee, at, blockHash));
  return { kind: "vote", epoch: committee.epoch, ...at, blockHash, signer, signature };
}
