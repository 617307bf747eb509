import type { SignatureScheme } from "../../ports/signature-scheme.ts";
import { QuorateError } from "../../protocol/errors.ts";

export const DIGEST_BYTES = 32;

type Name = SignatureScheme["name"];

export function assertDigest(digest: Uint8Array): void {
  if (digest.length === DIGEST_BYTES) return;
  throw new QuorateError(
    "DIGEST_LENGTH",
    `a digest to sign has ${digest.length} bytes, not ${DIGEST_BYTES}: hash the message first`,
    { length: digest.length },
  );
}

/** Names the length alone: a secret, even a malformed one, never enters a message. */
export function secretKeyMalformed(scheme: Name, secretKey: Uint8Array): QuorateError {
  return new QuorateError(
    "SECRET_KEY_MALFORMED",
    `the ${scheme} secret key (${secretKey.length} bytes) is not 32 bytes of a number between 1 and the order of the ` +
      "group: check the key file, or make a new key",
    { scheme, length: secretKey.length },
  );
}

export function signatureMalformed(scheme: Name, index: number, length: number): QuorateError {
  return new QuorateError(
    "SIGNATURE_MALFORMED",
    `signature ${index} of those to aggregate (${length} bytes) is not one of ${scheme}: verify each before aggregating`,
    { scheme, index, length },
  );
}

/** Digests, one for each of `count` keys; undefined if there are none, another number, or one of another length. */
export function digestsFor(
  count: number,
  digests: Uint8Array | readonly Uint8Array[],
): readonly Uint8Array[] | undefined {
  const list = digests instanceof Uint8Array ? Array<Uint8Array>(count).fill(digests) : digests;
  const fits = count > 0 && list.length === count && list.every(({ length }) => length === DIGEST_BYTES);
  return fits ? list : undefined;
}
