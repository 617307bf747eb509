import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { fromHex, toHex } from "../../../coordinator/protocol/bytes.ts";
import {
  leafCount,
  merkleRoot,
  openLeaf,
  treeDepth,
  verifyLeaf,
} from "../../../coordinator/protocol/model/merkle.ts";
import { commitModel, modelRoot, modelRootOfBytes } from "../../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../../coordinator/protocol/model/safetensors.ts";
import { modelRootVectors } from "../../vectors/generate-model-root.ts";
import { expectCode } from "../expect-code.ts";
import { fileOfValues, modelOf } from "./files.ts";

const native = (message: Uint8Array) => new Uint8Array(createHash("sha256").update(message).digest());
const vectors: typeof modelRootVectors = JSON.parse(
  readFileSync(new URL("../../vectors/model-root.json", import.meta.url), "utf8"),
);
const floatsOf = (hex: string) => new Float32Array(Uint8Array.from(fromHex(hex)).buffer);
const ramp = (count: number) => Float32Array.from({ length: count }, (_, i) => i + 1);

describe("model root", () => {
  it("has vectors that are what their generator writes", () => {
    expect(vectors).to.deep.equal(modelRootVectors);
  });

  for (const vector of vectors) {
    it(`matches the vector: ${vector.name}`, () => {
      expect(toHex(merkleRoot(floatsOf(vector.floatsHex)))).to.equal(vector.merkleRoot);
      const parts = [vector.headerHash, vector.nonFloatHash].map((hash) => fromHex(hash));
      const dimension = Buffer.alloc(8);
      dimension.writeBigUInt64BE(BigInt(vector.dimension));
      const message = Buffer.concat([Buffer.of(2), ...parts, dimension, fromHex(vector.merkleRoot)]);
      expect(toHex(native(message))).to.equal(vector.modelRoot);
    });
  }

  it("hashes header, non-float bytes, dimension and tree", () => {
    const model = {
      tensors: [
        { name: "w", dtype: "F32", shape: [65] },
        { name: "n", dtype: "U8", shape: [3] },
      ],
      metadata: { a: "b" },
      floats: ramp(65),
      others: Uint8Array.of(7, 8, 9),
    };
    const bytes = encodeModel(model);
    const commitment = commitModel(model, native);
    const dataStart = bytes.length - 3 - 65 * 4;
    expect(commitment.headerHash).to.equal(toHex(native(bytes.subarray(0, dataStart))));
    expect(commitment.nonFloatHash).to.equal(toHex(native(Uint8Array.of(7, 8, 9))));
    expect(commitment.dimension).to.equal(65);
    const dimension = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 65);
    const parts = [commitment.headerHash, commitment.nonFloatHash].map((hash) => fromHex(hash));
    const message = Buffer.concat([Buffer.of(2), ...parts, dimension, fromHex(commitment.merkleRoot)]);
    expect(commitment.modelRoot).to.equal(toHex(native(message)));
    expect(modelRootOfBytes(bytes)).to.equal(commitment.modelRoot);
  });

  it("changes with every part of the model", () => {
    const roots = [
      modelOf(1, 2),
      modelOf(1, 3),
      modelOf(1, 2, 0),
      { ...modelOf(1, 2), metadata: { a: "b" } },
      { ...modelOf(1, 2), tensors: [{ name: "w", dtype: "F32", shape: [2, 1] }] },
    ].map((model) => modelRoot(model));
    expect(new Set(roots).size).to.equal(roots.length);
  });

  it("is the same with another implementation of SHA-256", () => {
    expect(modelRoot(modelOf(1, 2, 3), native)).to.equal(modelRoot(modelOf(1, 2, 3)));
  });

  it("exists for canonical bytes only", () => {
    expectCode("MODEL_NOT_CANONICAL", () => modelRootOfBytes(fileOfValues(1, 2)));
    expectCode("MODEL_NAN", () => modelRootOfBytes(fileOfValues(Number.NaN)));
  });
});

describe("Merkle tree of a model", () => {
  it("has the depth of the next power of two of its leaves", () => {
    const shapes = [1, 64, 65, 128, 129, 256, 257, 199_210].map((n) => [leafCount(n), treeDepth(n)]);
    expect(shapes).to.deep.equal([
      [1, 0],
      [1, 0],
      [2, 1],
      [2, 1],
      [3, 2],
      [4, 2],
      [5, 3],
      [3113, 12],
    ]);
  });

  it("opens every leaf, and no leaf elsewhere", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.nat(), fc.nat(), (dimension, a, b) => {
        const floats = ramp(dimension);
        const leafIndex = a % leafCount(dimension);
        const claim = {
          merkleRoot: merkleRoot(floats),
          dimension,
          leafIndex,
          ...openLeaf(floats, leafIndex),
        };
        expect(verifyLeaf(claim)).to.equal(true);
        const other = b % leafCount(dimension);
        expect(verifyLeaf({ ...claim, leafIndex: other })).to.equal(other === leafIndex);
      }),
      { numRuns: 100 },
    );
  });

  it("refuses what does not fit the dimension", () => {
    const floats = ramp(200);
    const opened = openLeaf(floats, 3);
    const claim = { merkleRoot: merkleRoot(floats), dimension: 200, leafIndex: 3, ...opened };
    const leaf = Uint8Array.from(opened.leaf);
    leaf[0] = (leaf[0] as number) ^ 1;
    expect(verifyLeaf(claim, native)).to.equal(true);
    expect(verifyLeaf({ ...claim, leaf })).to.equal(false);
    expect(verifyLeaf({ ...claim, leaf: opened.leaf.subarray(0, 255) })).to.equal(false);
    expect(verifyLeaf({ ...claim, proof: opened.proof.slice(1) })).to.equal(false);
    expect(verifyLeaf({ ...claim, proof: [...opened.proof, leaf.subarray(0, 32)] })).to.equal(false);
    expect(verifyLeaf({ ...claim, proof: opened.proof.map((hash) => hash.subarray(1)) })).to.equal(false);
    expect(verifyLeaf({ ...claim, dimension: 300 })).to.equal(false);
    expect(verifyLeaf({ ...claim, leafIndex: 7 })).to.equal(false);
    expect(verifyLeaf({ ...claim, leafIndex: -1 })).to.equal(false);
    expectCode("MODEL_LEAF_INDEX", () => openLeaf(floats, 4));
  });

  it("refuses pieces of other lengths even under a root made for them", () => {
    const at = { dimension: 1, leafIndex: 0 };
    const leaf = new Uint8Array(255);
    const short = native(Buffer.concat([Buffer.of(0), leaf]));
    expect(verifyLeaf({ ...at, merkleRoot: short, leaf, proof: [] })).to.equal(false);
    const sibling = new Uint8Array(31);
    const whole = new Uint8Array(256);
    const hash = native(Buffer.concat([Buffer.of(0), whole]));
    const forged = native(Buffer.concat([Buffer.of(1), hash, sibling]));
    const claim = { merkleRoot: forged, dimension: 65, leafIndex: 0, leaf: whole, proof: [sibling] };
    expect(verifyLeaf(claim)).to.equal(false);
  });

  it("can't pass a node off as a leaf", () => {
    const floats = ramp(128);
    const [a, b] = [0, 1].map((i) => native(Buffer.concat([Buffer.of(0), openLeaf(floats, i).leaf])));
    const forged = Buffer.alloc(256);
    Buffer.concat([a as Uint8Array, b as Uint8Array]).copy(forged);
    const claim = { merkleRoot: merkleRoot(floats), dimension: 64, leafIndex: 0, leaf: forged, proof: [] };
    expect(verifyLeaf(claim)).to.equal(false);
  });
});
