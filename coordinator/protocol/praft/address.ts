import { concatBytes } from "@noble/hashes/utils.js";
import { abiWord, type Hex, keccak, toHex } from "../bytes.ts";

/** Prime of the field of secp256k1 (SEC 2, section 2.4.1); it is 3 modulo 4. */
const P = 2n ** 256n - 2n ** 32n - 977n;

/**
 * The account whose signatures a contract recovers for a compressed secp256k1 key. Another kind of key gets an address that no
 * signature recovers to: of the hash of its bytes.
 */
export function signingAddress(publicKey: Uint8Array): Hex {
  const point = publicKey.length === 33 ? uncompressed(publicKey) : undefined;
  return `0x${keccak(point ?? concatBytes(Uint8Array.of(0), publicKey)).slice(26)}`;
}

/** x and y, 32 bytes each; undefined if the key is no point. y^2 = x^3 + 7, and y = (x^3 + 7)^((P + 1) / 4) if there is one. */
function uncompressed(publicKey: Uint8Array): Uint8Array | undefined {
  const parity = publicKey[0]! - 2;
  const x = BigInt(toHex(publicKey.subarray(1)));
  if ((parity !== 0 && parity !== 1) || x >= P) return undefined;
  const square = (x ** 3n + 7n) % P;
  let y = power(square, (P + 1n) / 4n);
  if ((y * y) % P !== square) return undefined;
  if (Number(y & 1n) !== parity) y = P - y;
  return concatBytes(abiWord(x), abiWord(y));
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [square, left] = [base, exponent]; left > 0n; left >>= 1n, square = (square * square) % P)
    if (left & 1n) result = (result * square) % P;
  return result;
}
