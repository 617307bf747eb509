import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { QuorateError } from "./errors.ts";

/** 0x-prefixed lower-case hexadecimal. */
export type Hex = `0x${string}`;

export const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

const HEX = /^0x(?:[0-9a-fA-F]{2})*$/;

/** Hexadecimal of `bytes`, lower case. */
export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

/**
 * Bytes of a 0x string; `length` demands exactly that many bytes.
 * @throws QuorateError BAD_HEX
 */
export function fromHex(hex: string, length?: number): Uint8Array {
  if (!HEX.test(hex) || (length !== undefined && hex.length !== 2 + 2 * length)) {
    const wanted = length === undefined ? "0x followed by whole bytes" : `0x and ${length} bytes`;
    throw new QuorateError("BAD_HEX", `"${hex.slice(0, 80)}" is not hexadecimal: expected ${wanted}`, {
      value: hex.slice(0, 200),
      length,
    });
  }
  return hexToBytes(hex.slice(2));
}

/** Keccak-256 of `bytes`. */
export function keccak(bytes: Uint8Array): Hex {
  return toHex(keccak_256(bytes));
}

/**
 * A static ABI word: an unsigned integer, a boolean, an address (20 bytes) or a bytes32, left-padded to 32 bytes.
 * @throws QuorateError BAD_WORD if the value does not fit
 */
export function abiWord(value: bigint | number | boolean | Hex): Uint8Array {
  const word = new Uint8Array(32);
  if (typeof value === "string") {
    const bytes = fromHex(value);
    if (bytes.length > 32) throw new QuorateError("BAD_WORD", `${value} is longer than 32 bytes`, { value });
    word.set(bytes, 32 - bytes.length);
    return word;
  }
  let rest = BigInt(value);
  if (rest < 0n || rest >= 1n << 256n)
    throw new QuorateError("BAD_WORD", `${rest} does not fit an unsigned 256-bit word`, { value: rest });
  for (let i = 31; rest > 0n; i--, rest >>= 8n) word[i] = Number(rest & 0xffn);
  return word;
}

/** ABI encoding of a sequence of static values: their words, one after the other. */
export function abiWords(values: readonly (bigint | number | boolean | Hex)[]): Uint8Array {
  return concatBytes(...values.map(abiWord));
}

/** Orders addresses (or any equally long hex strings) by numeric value. */
export function compareHex(a: string, b: string): number {
  const x = a.toLowerCase();
  const y = b.toLowerCase();
  return x < y ? -1 : x > y ? 1 : 0;
}

/** True if both hex strings name the same bytes, whatever their case. */
export function sameHex(a: string, b: string): boolean {
  return compareHex(a, b) === 0;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
