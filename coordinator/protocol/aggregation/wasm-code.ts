// The instructions of WebAssembly that generated kernels are made of, as bytes, and the frame around them
// (WebAssembly Core Specification 2.0, chapter 5, https://www.w3.org/TR/wasm-core-2/).

/** Bytes of instructions. */
export type Code = readonly number[];

/** Value types: a 32-bit integer or address, a vector of 128 bits. */
export const I32 = 0x7f;
export const V128 = 0x7b;

/** Alignments, as powers of two. */
const [WORD, VECTOR] = [2, 4];
const FUNCTION_TYPE = 0x60;
/** Shared, with a maximum. */
const SHARED_MEMORY = 0x03;
const MOST_PAGES = 65_536;

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const tee = (local: number): Code => [0x22, ...unsigned(local)];

export const i32 = {
  /** 0 … 2^31 − 1 */
  constant: (value: number): Code => [0x41, ...signed(value)],
  load: (offset: number): Code => [0x28, WORD, ...unsigned(offset)],
  add: [0x6a],
  less: [0x49],
  isZero: [0x45],
} as const;

/** Runs the body, and again as long as it leaves a number other than 0. */
export const repeat = (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0, 0x0b];

export const v128 = {
  load: simd(0x00, VECTOR, 0),
  store: simd(0x0b, VECTOR, 0),
  anyTrue: simd(0x53),
} as const;

export const f32x4 = {
  zero: simd(0x0c, ...new Array<number>(16).fill(0)),
  notEqual: simd(0x42),
  add: simd(0xe4),
  multiply: simd(0xe6),
  lesser: simd(0xea),
  greater: simd(0xeb),
  /** Two float64, and two zeros above. */
  fromDoubles: simd(0x5e),
  /** Lanes 2 and 3 in the place of 0 and 1. */
  upperHalf: simd(0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15),
  /** Lanes 0 and 1 of two vectors. */
  joined: simd(0x0d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
} as const;

export const f64x2 = {
  splat: (value: number): Code => {
    const bytes = new Uint8Array(Float64Array.of(value, value).buffer);
    return simd(0x0c, ...bytes);
  },
  /** Of lanes 0 and 1. */
  fromFloats: simd(0x5f),
  add: simd(0xf0),
  divide: simd(0xf3),
} as const;

function simd(instruction: number, ...immediates: number[]): Code {
  return [0xfd, ...unsigned(instruction), ...immediates];
}

/**
 * A module with one exported function of 32-bit integers to one, on the shared memory `env.memory`.
 * @param locals how many of which type, after the parameters
 */
export function moduleOf(
  name: string,
  parameters: number,
  {
    locals,
    code,
  }: { readonly locals: readonly (readonly [count: number, type: number])[]; readonly code: Code },
): Uint8Array {
  const types = [FUNCTION_TYPE, ...list(new Array<Code>(parameters).fill([I32])), ...list([[I32]])];
  const memory = [...text("env"), ...text("memory"), 0x02, SHARED_MEMORY, 1, ...unsigned(MOST_PAGES)];
  const body = [...list(locals.map(([count, type]) => [...unsigned(count), type])), ...code, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [types]),
    ...section(2, [memory]),
    ...section(3, [[0]]),
    ...section(7, [[...text(name), 0x00, 0]]),
    ...section(10, [[...unsigned(body.length), ...body]]),
  ]);
}

function section(id: number, entries: readonly Code[]): Code {
  const bytes = list(entries);
  return [id, ...unsigned(bytes.length), ...bytes];
}

function list(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function text(ascii: string): Code {
  return [...unsigned(ascii.length), ...Array.from(ascii, (letter) => letter.charCodeAt(0))];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...unsigned(Math.floor(value / 128))];
}

/** Signed LEB128 of what is not negative: bit 6 of the last byte is the sign. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value % 128) + 128, ...signed(Math.floor(value / 128))];
}
