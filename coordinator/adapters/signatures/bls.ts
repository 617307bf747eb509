import {
  aggregateSignatures,
  aggregateVerify,
  fastAggregateVerify,
  PublicKey,
  SecretKey,
  Signature,
  verify as verifyPoints,
} from "@chainsafe/blst";
import type { SignatureScheme } from "../../ports/signature-scheme.ts";
import { assertDigest, DIGEST_BYTES, digestsFor, secretKeyMalformed, signatureMalformed } from "./inputs.ts";

const PUBLIC_KEY_BYTES = 48;
const SIGNATURE_BYTES = 96;
/** Followed by the 48 bytes of the key: 73 bytes in all, so that no 32-byte digest can be mistaken for it. */
const POSSESSION_DOMAIN = Buffer.from("quorate-bls-possession-v1");
/** Keys kept decoded: to decode and check the group of one takes as long as a tenth of a verification. About 1 kB each. */
const KEPT_KEYS = 1_024;

/**
 * BLS on BLS12-381 through supranational's blst: keys in G1, signatures in G2, both compressed, ciphersuite
 * BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ (draft-irtf-cfrg-bls-signature-05, section 4.2.3), as Ethereum's beacon chain
 * and EIP-2537 use it.
 */
export function createBlsScheme(): SignatureScheme {
  const keys = keptKeys();
  const verifyMessage = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
    const key = keys(publicKey);
    const point = signatureOf(signature);
    return key !== undefined && point !== undefined && verifyPoints(message, key, point);
  };
  return {
    name: "bls",
    publicKeyBytes: PUBLIC_KEY_BYTES,
    signatureBytes: SIGNATURE_BYTES,
    publicKeyOf: (secretKey) => secretOf(secretKey).toPublicKey().toBytes(),
    sign(secretKey, digest) {
      const secret = secretOf(secretKey);
      assertDigest(digest);
      return secret.sign(digest).toBytes();
    },
    verify: (publicKey, digest, signature) =>
      digest.length === DIGEST_BYTES && verifyMessage(publicKey, digest, signature),
    provePossession(secretKey) {
      const secret = secretOf(secretKey);
      return secret.sign(possessionMessage(secret.toPublicKey().toBytes())).toBytes();
    },
    verifyPossession: (publicKey, proof) => verifyMessage(publicKey, possessionMessage(publicKey), proof),
    aggregate,
    verifyAggregate(publicKeys, digests, aggregated) {
      const points = publicKeys.map(keys);
      const each = digestsFor(publicKeys.length, digests);
      const signature = signatureOf(aggregated);
      if (!each || !signature || !points.every((point) => point !== undefined)) return false;
      return digests instanceof Uint8Array
        ? fastAggregateVerify(digests, points, signature)
        : aggregateVerify([...each], points, signature);
    },
  };
}

/** Says what a seed is hashed for: no other key follows from it in the same way. */
const SEED_USE = Buffer.from("quorate-bls-vote-v1");

/** A secret key from 32 secret bytes, by KeyGen of draft-irtf-cfrg-bls-signature-05, section 2.3. */
export function blsSecretKey(seed: Uint8Array): Uint8Array {
  return SecretKey.fromKeygen(seed, SEED_USE).toBytes();
}

function secretOf(secretKey: Uint8Array): SecretKey {
  try {
    return SecretKey.fromBytes(secretKey);
  } catch {
    throw secretKeyMalformed("bls", secretKey);
  }
}

/** Undefined unless it is the one compressed encoding of a point of the right group that is not infinity. */
function signatureOf(bytes: Uint8Array): Signature | undefined {
  if (bytes.length !== SIGNATURE_BYTES) return undefined;
  try {
    return Signature.fromBytes(bytes, true, true);
  } catch {
    return undefined;
  }
}

function aggregate(signatures: readonly Uint8Array[]): Uint8Array {
  const points = signatures.map((bytes, index) => {
    const point = signatureOf(bytes);
    if (!point) throw signatureMalformed("bls", index, bytes.length);
    return point;
  });
  if (points.length === 0) throw signatureMalformed("bls", -1, 0);
  return aggregateSignatures(points).toBytes();
}

function possessionMessage(publicKey: Uint8Array): Uint8Array {
  return Buffer.concat([POSSESSION_DOMAIN, publicKey]);
}

/** Decodes keys, checks their group, and keeps the newest; undefined for what is no key. */
function keptKeys(): (bytes: Uint8Array) => PublicKey | undefined {
  const kept = new Map<string, PublicKey>();
  return (bytes) => {
    if (bytes.length !== PUBLIC_KEY_BYTES) return undefined;
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
    const known = kept.get(name);
    if (known) return known;
    try {
      const key = PublicKey.fromBytes(bytes, true);
      const oldest = kept.keys().next().value;
      if (kept.size >= KEPT_KEYS && oldest !== undefined) kept.delete(oldest);
      kept.set(name, key);
      return key;
    } catch {
      return undefined;
    }
  };
}
