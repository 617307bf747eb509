import { expect } from "chai";
import fc from "fast-check";
import {
  type Dataset,
  encodeDataset,
  parseDataset,
  parseIdx,
  selectSamples,
} from "../../../coordinator/protocol/learning/dataset.ts";
import { expectCode } from "../expect-code.ts";
import { randomDataset } from "./reference.ts";

const small: Dataset = {
  images: Uint8Array.of(1, 2, 3, 4),
  labels: Uint8Array.of(7, 8),
  count: 2,
  rows: 1,
  columns: 2,
};
const changed = (change: (bytes: Uint8Array, view: DataView) => void) => {
  const bytes = encodeDataset(small);
  change(bytes, new DataView(bytes.buffer));
  return bytes;
};

/** A correct header of images without pixels. */
const emptyImages = changed((_, view) => view.setUint32(16, 0)).subarray(0, 24);

describe("data set file", () => {
  it("is byte for byte what the protocol says", () => {
    expect(Buffer.from(encodeDataset(small)).toString("hex")).to.equal(
      [
        Buffer.from("QRDATA01").toString("hex"),
        "00000803000000020000000100000002",
        "01020304",
        "0000080100000002",
        "0708",
      ].join(""),
    );
  });

  it("gives back every data set", () => {
    const shapes = fc.record({
      count: fc.integer({ min: 1, max: 9 }),
      rows: fc.integer({ min: 1, max: 5 }),
      columns: fc.integer({ min: 1, max: 5 }),
      classes: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(shapes, fc.string(), (shape, seed) => {
        const dataset = randomDataset(seed, shape);
        expect(parseDataset(encodeDataset(dataset))).to.deep.equal(dataset);
      }),
      { numRuns: 50 },
    );
  });

  const broken: [string, Uint8Array][] = [
    ["an empty file", new Uint8Array(0)],
    ["another format", changed((bytes) => bytes.set([0x32], 7))],
    ["a header cut off", encodeDataset(small).subarray(0, 20)],
    ["a byte missing", encodeDataset(small).subarray(0, -1)],
    ["a byte too many", Uint8Array.of(...encodeDataset(small), 0)],
    ["images of another type", changed((_, view) => view.setUint32(8, 0x0d03))],
    ["more images than announced", changed((_, view) => view.setUint32(12, 1))],
    ["no images", changed((_, view) => view.setUint32(12, 0))],
    ["images without pixels", changed((_, view) => view.setUint32(16, 0))],
    ["nothing but labels", Uint8Array.of(...emptyImages, ...encodeDataset(small).subarray(28))],
    ["sizes beyond all memory", changed((_, view) => view.setUint32(16, 0xffffffff))],
    ["labels of another type", changed((_, view) => view.setUint32(28, 0x0803))],
    ["another number of labels", changed((_, view) => view.setUint32(32, 3))],
  ];
  for (const [what, bytes] of broken) {
    it(`LEARNING_DATASET: ${what}`, () => expectCode("LEARNING_DATASET", () => parseDataset(bytes)));
  }

  it("can't be written if its parts don't fit", () => {
    expectCode("LEARNING_DATASET", () => encodeDataset({ ...small, labels: Uint8Array.of(1) }));
    expectCode("LEARNING_DATASET", () => encodeDataset({ ...small, images: Uint8Array.of(1) }));
  });
});

describe("IDX files", () => {
  const bytes = encodeDataset(small);
  const [images, labels] = [bytes.subarray(8, 28), bytes.subarray(28)];

  it("join to a data set", () => expect(parseIdx(images, labels)).to.deep.equal(small));

  it("must belong together", () => {
    expectCode("LEARNING_DATASET", () => parseIdx(images.subarray(0, -1), labels));
    expectCode("LEARNING_DATASET", () => parseIdx(images, labels.subarray(0, -1)));
    expectCode("LEARNING_DATASET", () => parseIdx(labels, images));
  });
});

describe("selecting samples", () => {
  it("keeps the order asked for and takes other labels", () => {
    expect(selectSamples(small, Uint32Array.of(1, 0, 1))).to.deep.equal({
      ...small,
      images: Uint8Array.of(3, 4, 1, 2, 3, 4),
      labels: Uint8Array.of(8, 7, 8),
      count: 3,
    });
    expect([...selectSamples(small, Uint32Array.of(1), Uint8Array.of(5)).labels]).to.deep.equal([5]);
  });

  it("refuses samples that don't exist and labels that don't fit", () => {
    expectCode("LEARNING_DATASET", () => selectSamples(small, Uint32Array.of(2)));
    expectCode("LEARNING_DATASET", () => selectSamples(small, Uint32Array.of(1), Uint8Array.of(5, 6)));
  });
});
