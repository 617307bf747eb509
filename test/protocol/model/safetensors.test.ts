import { expect } from "chai";
import fc from "fast-check";
import { encodeHeader } from "../../../coordinator/protocol/model/header.ts";
import type { Model } from "../../../coordinator/protocol/model/model.ts";
import {
  canonicalize,
  canonicalSize,
  encodeModel,
  isCanonical,
  parseCanonical,
  parseModel,
  parseUpdate,
} from "../../../coordinator/protocol/model/safetensors.ts";
import { expectCode } from "../expect-code.ts";
import { fileOf, fileOfValues, fixture, modelOf } from "./files.ts";

const FIXTURES = [
  "hugging-face",
  "hugging-face-metadata",
  "unpadded-state-dict-order",
  "pytorch-consolidated",
];

const finiteFloat = fc
  .float({ noNaN: true, min: Math.fround(-1023), max: Math.fround(1023) })
  .map((x) => (x === 0 ? 0 : x));
const tensorNames = fc.uniqueArray(
  fc.string({ unit: "binary", maxLength: 12 }).filter((name) => name !== "__metadata__"),
  { minLength: 1, maxLength: 6 },
);

/** Models with float tensors of arbitrary names and sizes, one integer tensor, and metadata. */
const models: fc.Arbitrary<Model> = fc
  .record({
    names: tensorNames,
    metadata: fc.dictionary(fc.string({ unit: "binary", maxLength: 6 }), fc.string({ maxLength: 6 })),
    values: fc.array(finiteFloat, { minLength: 6, maxLength: 6 }),
    bytes: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  })
  .map(({ names, metadata, values, bytes }) => {
    const tensors = names.map((name) => ({ name, dtype: "F32", shape: [1] }));
    const model = {
      tensors: [...tensors, { name: `${names.join()}/steps`, dtype: "I64", shape: [] }],
      metadata,
      floats: Float32Array.from(values.slice(0, names.length)),
      others: bytes,
    };
    // The codec orders the tensors; what it reads back is what is compared.
    return parseModel(encodeModel(model));
  });

describe("safetensors: files of other libraries", () => {
  for (const name of FIXTURES) {
    it(`reads ${name}`, () => {
      const model = parseModel(fixture(name));
      expect(model.tensors).to.deep.equal([
        { name: "fc.bias", dtype: "F32", shape: [2] },
        { name: "fc.weight", dtype: "F32", shape: [2, 3] },
        { name: "scale", dtype: "F32", shape: [] },
        { name: "bn.mask", dtype: "BOOL", shape: [3] },
        { name: "bn.num_batches_tracked", dtype: "I64", shape: [] },
      ]);
      expect([...model.floats]).to.deep.equal(
        [0, -7.75, 0.5, -1.25, 3, 0.1, -0.2, 1e-40, 1.5].map(Math.fround),
      );
      expect([...model.others]).to.deep.equal([1, 0, 1, 0x09, 0x07, 0, 0, 0, 0, 0, 0]);
    });
  }

  it("makes the same canonical bytes of all of them, whatever they say about themselves", () => {
    const [first, ...rest] = FIXTURES.map((name) => canonicalize(fixture(name)));
    for (const bytes of rest) expect(bytes).to.deep.equal(first);
    expect(isCanonical(first as Uint8Array)).to.equal(true);
    for (const name of FIXTURES) expect(isCanonical(fixture(name)), name).to.equal(false);
  });

  it("keeps the metadata it read", () => {
    expect(parseModel(fixture("hugging-face-metadata")).metadata).to.deep.equal({ epoch: "3", format: "pt" });
  });

  it("uses the federation's metadata for an update", () => {
    const federation = { ...parseModel(fixture("hugging-face")), metadata: { task: "digits" } };
    const bytes = canonicalize(fixture("pytorch-consolidated"), { federation });
    expect(parseUpdate(bytes, federation).metadata).to.deep.equal({ task: "digits" });
    expect(bytes.length).to.equal(canonicalSize(federation));
  });

  it("reads a file that lies at an odd address", () => {
    const bytes = fixture("unpadded-state-dict-order");
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(parseModel(shifted.subarray(1))).to.deep.equal(parseModel(bytes));
  });
});

describe("safetensors: canonical form", () => {
  it("is byte for byte what the protocol says", () => {
    const model = { ...modelOf(1, -2), metadata: { b: "2", a: "é" } };
    const bytes = Buffer.from(encodeModel(model));
    const json = '{"__metadata__":{"a":"é","b":"2"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    expect(bytes.readBigUInt64LE()).to.equal(248n);
    expect(bytes.subarray(8, 256).toString().trimEnd()).to.equal(json);
    expect(bytes.subarray(256).toString("hex")).to.equal("0000803f000000c0");
  });

  it("orders names by their UTF-8 bytes and floats before the rest", () => {
    const names = ["b", "a", "é", "\u{10000}", "\uffff"];
    const tensors = names.map((name) => ({ name, dtype: name === "a" ? "I64" : "F32", shape: [1] }));
    const header = Buffer.from(encodeHeader({ tensors, metadata: {} })).toString();
    const found = [...header.matchAll(/"([^"]*)":\{"dtype"/g)].map((match) => match[1]);
    expect(found).to.deep.equal(["b", "é", "\uffff", "\u{10000}", "a"]);
  });

  it("starts the data at a multiple of 256 bytes, also where the header just fits", () => {
    for (let length = 1; length < 600; length += 7) {
      const tensors = [{ name: "n".repeat(length), dtype: "F32", shape: [1] }];
      const header = encodeHeader({ tensors, metadata: {} });
      expect(header.length % 256).to.equal(0);
      expect(header.length - JSON.stringify("n".repeat(length)).length).to.be.lessThan(320);
    }
  });

  it("gives back every model, and the same bytes for the same model", () => {
    fc.assert(
      fc.property(models, (model) => {
        const bytes = encodeModel(model);
        expect(parseCanonical(bytes)).to.deep.equal(model);
        expect(encodeModel(parseModel(bytes))).to.deep.equal(bytes);
        const reversed = { ...model, tensors: model.tensors, metadata: shuffledKeys(model.metadata) };
        expect(encodeModel(reversed)).to.deep.equal(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it("never crashes on damaged files and never calls them canonical unless they are", () => {
    const original = encodeModel(parseModel(fixture("hugging-face-metadata")));
    const places = fc.integer({ min: 0, max: original.length - 1 });
    fc.assert(
      fc.property(places, fc.integer({ min: 0, max: 255 }), (place, byte) => {
        const damaged = Uint8Array.from(original);
        damaged[place] = byte;
        if (isCanonical(damaged)) expect(encodeModel(parseModel(damaged))).to.deep.equal(damaged);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses to be taken for an update when it is not the federation's canonical file", () => {
    const federation = modelOf(1, 2);
    expect(parseUpdate(encodeModel(modelOf(3, 4)), federation).floats).to.deep.equal(Float32Array.of(3, 4));
    expectCode("MODEL_NOT_CANONICAL", () => parseUpdate(fileOfValues(3, 4), federation));
    const labelled = encodeModel({ ...modelOf(3, 4), metadata: { by: "me" } });
    expectCode("MODEL_NOT_CANONICAL", () => parseUpdate(labelled, federation));
    expectCode("MODEL_SHAPE_MISMATCH", () => parseUpdate(encodeModel(modelOf(1, 2, 3)), federation));
    expectCode("MODEL_NOT_CANONICAL", () =>
      parseCanonical(fileOf('{"w":{"shape":[],"dtype":"F32","data_offsets":[0,4]}}', new Uint8Array(4))),
    );
  });
});

function shuffledKeys(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).reverse());
}
