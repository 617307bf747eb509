import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { type Hex, toHex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import type { Sha256 } from "../model/merkle.ts";

const SAFE_HIGH = 2 ** 21;
const WORD = 2 ** 32;

const FIRST_BYTES = 1_024;
const EMPTY = new Uint8Array();
/** Buffers of writers that are done: half of the cost of a short statement is its buffer. */
const spare: Uint8Array[] = [];

/** Writes big-endian integers, 32-byte hashes and length-prefixed bytes; of no use after `done` or `sha256`. */
export class Writer {
  #bytes: Uint8Array;
  #at = 0;

  /** @param size in bytes of what will be written, if that is known: more may be, and costs a copy */
  constructor(size = 0) {
    this.#bytes = size > FIRST_BYTES ? new Uint8Array(size) : (spare.pop() ?? new Uint8Array(FIRST_BYTES));
  }

  u8(value: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = value;
    return this;
  }

  u32(value: number): this {
    this.#room(4);
    for (let shift = 24; shift >= 0; shift -= 8) this.#bytes[this.#at++] = value >>> shift;
    return this;
  }

  /** A whole number below 2^53. */
  u64(value: number): this {
    return this.u32(Math.floor(value / WORD)).u32(value % WORD);
  }

  /** A length below 2^28 in as few bytes as it takes: 7 bits in each, the lowest first, the top bit set in all but the last. */
  size(value: number): this {
    this.#room(4);
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#at++] = rest;
    return this;
  }

  hash(value: Hex): this {
    this.#room(32);
    for (let i = 2; i < 66; i += 2) {
      this.#bytes[this.#at++] = (nibble(value.charCodeAt(i)) << 4) | nibble(value.charCodeAt(i + 1));
    }
    return this;
  }

  raw(value: Uint8Array): this {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.u32(value.length).raw(value);
  }

  /** SHA-256 of what was written, without a copy of it. */
  sha256(sha256: Sha256 = nobleSha256): Uint8Array {
    const digest = sha256(this.#bytes.subarray(0, this.#at));
    this.#release();
    return digest;
  }

  done(): Uint8Array {
    // A buffer that is nearly full is given away, not copied.
    const full = this.#bytes.length > FIRST_BYTES && 2 * this.#at > this.#bytes.length;
    const written = full ? this.#bytes.subarray(0, this.#at) : this.#bytes.slice(0, this.#at);
    this.#release();
    return written;
  }

  #release(): void {
    if (this.#bytes.length === FIRST_BYTES) spare.push(this.#bytes);
    this.#bytes = EMPTY;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const wider = new Uint8Array(2 * (this.#at + count));
    wider.set(this.#bytes);
    this.#bytes = wider;
  }
}

/** Bytes that {@link Writer.size} takes. */
export function lengthBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** Of a lower-case hexadecimal digit's character code. */
function nibble(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}

/** Reads what {@link Writer} wrote; anything else is a named error. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  /** @throws QuorateError PRAFT_LIMIT if the number is not below 2^53 */
  u64(): number {
    const high = this.u32();
    if (high >= SAFE_HIGH) throw limit("integer", high * WORD, 2 ** 53 - 1);
    return high * WORD + this.u32();
  }

  hash(): Hex {
    const at = this.#take(32);
    return toHex(this.#bytes.subarray(at, at + 32));
  }

  /** A view of the bytes read, not a copy. @throws QuorateError PRAFT_LIMIT if longer than `max` bytes */
  bytes(what: string, max: number): Uint8Array {
    const length = this.count(what, max);
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** @throws QuorateError PRAFT_FLAG */
  flag(): boolean {
    const value = this.u8();
    if (value > 1) throw new QuorateError("PRAFT_FLAG", `a flag is 0 or 1, not ${value}`, { value });
    return value === 1;
  }

  /** Where it is: to be given to {@link since}. */
  get at(): number {
    return this.#at;
  }

  /** A view of what was read from there on. */
  since(at: number): Uint8Array {
    return this.#bytes.subarray(at, this.#at);
  }

  /**
   * What {@link Writer.size} wrote, and then as many bytes: a view, not a copy.
   * @throws QuorateError PRAFT_LIMIT if they are more than `max`, or their number is written longer than need be
   */
  sized(what: string, max: number): Uint8Array {
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.#take(1)]!;
      length |= (byte & 0x7f) << shift;
      if (length > max || shift > 14 || (byte === 0 && shift > 0)) throw limit(what, length, max);
      if (byte < 0x80) break;
    }
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** A number of items, at most `max`. @throws QuorateError PRAFT_LIMIT */
  count(what: string, max: number): number {
    const count = this.u32();
    if (count > max) throw limit(what, count, max);
    return count;
  }

  /** @throws QuorateError PRAFT_TRAILING if bytes are left */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) {
      throw new QuorateError("PRAFT_TRAILING", `${left} bytes follow the end of the message`, { left });
    }
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#bytes.length) {
      throw new QuorateError(
        "PRAFT_TRUNCATED",
        `the message ends at byte ${this.#bytes.length}, ${count} bytes are expected at ${at}`,
        { length: this.#bytes.length, at, count },
      );
    }
    this.#at += count;
    return at;
  }
}

/** The error for a length, count or number above what the format allows. */
export function limit(what: string, value: number, max: number): QuorateError {
  return new QuorateError("PRAFT_LIMIT", `${what}: ${value} is more than the allowed ${max}`, {
    what,
    value,
    max,
  });
}
