// Writes model-root.json: `node test/vectors/generate-model-root.ts`. The expected roots come from a recursive
// definition of the tree and the operating system's SHA-256, not from the code under test.
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** Root over leaves [from, from + width): a missing leaf is 32 zero bytes, a node hashes its halves. */
function subtree(data: Buffer, from: number, width: number): Buffer {
  const leaves = Math.ceil(data.length / 256);
  if (width > 1) {
    const half = width / 2;
    return sha256(Buffer.of(1), subtree(data, from, half), subtree(data, from + half, half));
  }
  if (from >= leaves) return Buffer.alloc(32);
  const leaf = Buffer.alloc(256);
  data.copy(leaf, 0, from * 256, Math.min((from + 1) * 256, data.length));
  return sha256(Buffer.of(0), leaf);
}

function vector(name: string, header: string, others: string, values: readonly number[]) {
  const data = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    data.writeFloatLE(value, 4 * i);
  });
  let width = 1;
  while (width * 64 < values.length) width *= 2;
  const headerHash = sha256(Buffer.from(header));
  const nonFloatHash = sha256(Buffer.from(others));
  const dimension = Buffer.alloc(8);
  dimension.writeBigUInt64BE(BigInt(values.length));
  const merkleRoot = subtree(data, 0, width);
  const hex = (bytes: Buffer) => `0x${bytes.toString("hex")}`;
  return {
    name,
    headerHash: hex(headerHash),
    nonFloatHash: hex(nonFloatHash),
    dimension: values.length,
    floatsHex: hex(data),
    merkleRoot: hex(merkleRoot),
    modelRoot: hex(sha256(Buffer.of(2), headerHash, nonFloatHash, dimension, merkleRoot)),
  };
}

const ramp = (count: number) => Array.from({ length: count }, (_, i) => Math.fround(((i * 37) % 1000) / 8 - 60.5));

export const modelRootVectors = [
  vector("one value", "header", "", [1]),
  vector("one full leaf", "header", "", ramp(64)),
  vector("one value more than a leaf", "header", "", ramp(65)),
  vector("three leaves, one missing", "another header", "counters", ramp(192)),
  vector("four leaves, the last in part", "another header", "counters", ramp(200)),
  vector("nine leaves, seven missing", "header", "", ramp(9 * 64 - 1)),
];

if (import.meta.main) {
  writeFileSync(new URL("model-root.json", import.meta.url), `${JSON.stringify(modelRootVectors, null, 1)}\n`);
}
