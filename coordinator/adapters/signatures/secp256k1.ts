import { createHash } from "node:crypto";
import secp256k1 from "secp256k1";
import type { SignatureScheme } from "../../ports/signature-scheme.ts";
import { assertDigest, DIGEST_BYTES, digestsFor, secretKeyMalformed, signatureMalformed } from "./inputs.ts";

const PUBLIC_KEY_BYTES = 33;
const SIGNATURE_BYTES = 64;
/** Separates the digest of a proof of possession from every digest of the protocol. */
const POSSESSION_DOMAIN = "quorate-secp256k1-possession-v1";

/**
 * ECDSA on secp256k1 through Bitcoin's libsecp256k1, as the chain's `ecrecover` knows it: RFC 6979 nonces, s in the lower
 * half (EIP-2), so that one signature has one encoding. Keys and signatures are compact, without DER.
 */
export function createSecp256k1Scheme(): SignatureScheme {
  return {
    name: "secp256k1",
    publicKeyBytes: PUBLIC_KEY_BYTES,
    signatureBytes: SIGNATURE_BYTES,
    publicKeyOf,
    sign,
    verify,
    provePossession: (secretKey) => sign(secretKey, possessionDigest(publicKeyOf(secretKey))),
    verifyPossession: (publicKey, proof) => verify(publicKey, possessionDigest(publicKey), proof),
    aggregate,
    verifyAggregate(publicKeys, digests, aggregated) {
      const each = digestsFor(publicKeys.length, digests);
      if (!each || aggregated.length !== publicKeys.length * SIGNATURE_BYTES) return false;
      return publicKeys.every((key, i) => {
        const signature = aggregated.subarray(i * SIGNATURE_BYTES, (i + 1) * SIGNATURE_BYTES);
        return verify(key, each[i]!, signature);
      });
    },
  };
}

function assertSecret(secretKey: Uint8Array): void {
  if (secretKey.length !== 32 || !secp256k1.privateKeyVerify(secretKey))
    throw secretKeyMalformed("secp256k1", secretKey);
}

function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  assertSecret(secretKey);
  return secp256k1.publicKeyCreate(secretKey, true);
}

function sign(secretKey: Uint8Array, digest: Uint8Array): Uint8Array {
  assertSecret(secretKey);
  assertDigest(digest);
  return secp256k1.ecdsaSign(digest, secretKey).signature;
}

function verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  // 33 bytes alone: the library would take the uncompressed encoding of a key too, and a key has one name here.
  if (publicKey.length !== PUBLIC_KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  if (digest.length !== DIGEST_BYTES) return false;
  try {
    // False for s in the upper half.
    return secp256k1.ecdsaVerify(signature, digest, publicKey);
  } catch {
    return false; // r or s not below the order, or the key not a point of the curve
  }
}

function aggregate(signatures: readonly Uint8Array[]): Uint8Array {
  const bad = signatures.findIndex(({ length }) => length !== SIGNATURE_BYTES);
  if (bad >= 0 || signatures.length === 0)
    throw signatureMalformed("secp256k1", bad, signatures[bad]?.length ?? 0);
  return new Uint8Array(Buffer.concat(signatures));
}

function possessionDigest(publicKey: Uint8Array): Uint8Array {
  return createHash("sha256").update(POSSESSION_DOMAIN).update(publicKey).digest();
}
