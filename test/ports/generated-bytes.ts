/** The content that test/vectors/cids.json describes: the top bytes of a linear congruential generator. */
export function generatedBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let x = 1;
  for (let i = 0; i < size; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}
