import { fromHex, type Hex, toHex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
/** CID version 1, dag-pb, sha2-256, 32 bytes: what stands before the digest. */
const PREFIX: Hex = "0x01701220";

/** The CID a digest on chain stands for; null for none. */
export function cidOf(digest: Hex): string | null {
  if (digest === ZERO_HASH) return null;
  const bytes = fromHex(PREFIX + digest.slice(2));
  let text = "b";
  let [bits, held] = [0, 0];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >> (bits - 5)) & 31];
  }
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text;
}

/** The digest of a CID of the protocol's kind; null if the text is none. */
export function digestOf(cid: string): Hex | null {
  if (!/^b[a-z2-7]{58}$/.test(cid)) return null;
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  for (const letter of cid.slice(1)) {
    held = ((held << 5) | ALPHABET.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  const hex = toHex(new Uint8Array(bytes));
  return hex.startsWith(PREFIX) ? `0x${hex.slice(PREFIX.length)}` : null;
}
