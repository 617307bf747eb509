import { expect } from "chai";
import {
  assertSameArchitecture,
  elementBytes,
  withFloats,
} from "../../../coordinator/protocol/model/model.ts";
import { canonicalize, encodeModel, parseModel } from "../../../coordinator/protocol/model/safetensors.ts";
import { expectCode } from "../expect-code.ts";
import { fileOf, fileOfValues, modelOf } from "./files.ts";

const f32 = (shape: readonly number[], begin: number, end: number) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});
const zeros = (count: number) => new Uint8Array(count);
const announcing = (length: bigint, rest = 100) => {
  const bytes = Buffer.alloc(8 + rest, 0x20);
  bytes.writeBigUInt64LE(length);
  return new Uint8Array(bytes);
};
const dtype = (name: string) => fileOf({ w: { dtype: name, shape: [8], data_offsets: [0, 16] } }, zeros(16));

/** [what is wrong, file, code] */
const HEADERS: [string, Uint8Array, string][] = [
  ["an empty file", zeros(0), "MODEL_TRUNCATED"],
  ["a file shorter than the length", zeros(7), "MODEL_TRUNCATED"],
  ["a header longer than the file", announcing(101n), "MODEL_TRUNCATED"],
  ["a header over 100 MB", announcing(100_000_001n), "MODEL_HEADER_TOO_LARGE"],
  ["a header of 2^64 − 1 bytes", announcing(0xffff_ffff_ffff_ffffn), "MODEL_HEADER_TOO_LARGE"],
  ["data that ends early", fileOf({ w: f32([2], 0, 8) }, zeros(7)), "MODEL_TRUNCATED"],
  ["bytes after the data", fileOf({ w: f32([2], 0, 8) }, zeros(9)), "MODEL_TRAILING_BYTES"],
  ["a gap before the first tensor", fileOf({ w: f32([1], 4, 8) }, zeros(8)), "MODEL_GAP"],
  ["a gap", fileOf({ v: f32([1], 0, 4), w: f32([1], 8, 12) }, zeros(12)), "MODEL_GAP"],
  ["an overlap", fileOf({ v: f32([2], 0, 8), w: f32([2], 4, 12) }, zeros(12)), "MODEL_OVERLAP"],
  ["the same bytes twice", fileOf({ v: f32([1], 0, 4), w: f32([1], 0, 4) }, zeros(4)), "MODEL_OVERLAP"],
  ["an unknown type", dtype("F17"), "MODEL_DTYPE"],
  ["half precision", dtype("F16"), "MODEL_DTYPE"],
  ["bfloat16", dtype("BF16"), "MODEL_DTYPE"],
  ["double precision", dtype("F64"), "MODEL_DTYPE"],
  ["too few bytes for the shape", fileOf({ w: f32([3], 0, 8) }, zeros(8)), "MODEL_BYTE_COUNT"],
  ["offsets that run backwards", fileOf({ w: f32([1], 4, 0) }, zeros(4)), "MODEL_BYTE_COUNT"],
  ["a shape beyond all memory", fileOf({ w: f32([2 ** 40, 2 ** 40], 0, 8) }, zeros(8)), "MODEL_SHAPE"],
  [
    "a name given twice",
    fileOf(`{"w":${JSON.stringify(f32([1], 0, 4))},"w":${JSON.stringify(f32([1], 4, 8))}}`, zeros(8)),
    "MODEL_DUPLICATE_NAME",
  ],
  [
    "a name given twice, once with an escape",
    fileOf(`{"w":${JSON.stringify(f32([1], 0, 4))},"\\u0077":${JSON.stringify(f32([1], 4, 8))}}`, zeros(8)),
    "MODEL_DUPLICATE_NAME",
  ],
  ["no tensors", fileOf({}), "MODEL_EMPTY"],
  ["no floats", fileOf({ n: { dtype: "I64", shape: [], data_offsets: [0, 8] } }, zeros(8)), "MODEL_EMPTY"],
];

const TENSOR = JSON.stringify(f32([1], 0, 4));
const SYNTAX: [string, string][] = [
  ["no header", ""],
  ["a list", "[]"],
  ["space before the header", ` {"w":${TENSOR}}`],
  ["text after the header", `{"w":${TENSOR}}x`],
  ["a header cut off", `{"w":${TENSOR}`],
  ["a comma too many", `{"w":${TENSOR},}`],
  ["a lone surrogate", `{"\\ud800":${TENSOR}}`],
  ["an unknown escape", `{"\\q":${TENSOR}}`],
  ["a raw control character", `{"\u0001":${TENSOR}}`],
  ["a missing colon", `{"w"${TENSOR}}`],
  ["a tensor that is a number", '{"w":1}'],
  ["a further field", '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}'],
  ["a missing field", '{"w":{"dtype":"F32","shape":[1]}}'],
  ["three offsets", '{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}'],
  ["a negative size", '{"w":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}'],
  ["a fractional size", '{"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}'],
  ["a size in scientific notation", '{"w":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}'],
  ["a leading zero", '{"w":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}'],
  ["a size of 2^53", '{"w":{"dtype":"F32","shape":[9007199254740992],"data_offsets":[0,4]}}'],
  ["a string as size", '{"w":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}'],
  ["metadata that is no object", `{"__metadata__":"pt","w":${TENSOR}}`],
  ["metadata that is not text", `{"__metadata__":{"epoch":3},"w":${TENSOR}}`],
  ["deep nesting", `{"w":${"[".repeat(10_000)}`],
];

describe("safetensors: rejected headers", () => {
  for (const [what, file, code] of HEADERS)
    it(`${code}: ${what}`, () => expectCode(code, () => parseModel(file)));

  for (const [what, header] of SYNTAX) {
    it(`MODEL_HEADER_SYNTAX: ${what}`, () =>
      expectCode("MODEL_HEADER_SYNTAX", () => parseModel(fileOf(header, zeros(4)))));
  }

  it("MODEL_HEADER_SYNTAX: a header that is not UTF-8", () => {
    const file = fileOf(`{"w?":${TENSOR}}`, zeros(4));
    file[file.indexOf(0x3f)] = 0xff;
    expectCode("MODEL_HEADER_SYNTAX", () => parseModel(file));
  });

  it("MODEL_TOO_LARGE: a file over the limit, before it is read", () => {
    expectCode("MODEL_TOO_LARGE", () => parseModel(zeros(1001), { maxBytes: 1000 }));
    const file = fileOfValues(1);
    expect(parseModel(file, { maxBytes: file.length }).floats.length).to.equal(1);
  });

  it("accepts names that are special in JavaScript", () => {
    const file = fileOf(`{"__proto__":${TENSOR},"__metadata__":{"__proto__":"x"}}`, zeros(4));
    const model = parseModel(file);
    expect(model.tensors[0]?.name).to.equal("__proto__");
    expect(parseModel(encodeModel(model))).to.deep.equal(model);
  });
});

/** [what, value, code] */
const VALUES: [string, number, string][] = [
  ["NaN", Number.NaN, "MODEL_NAN"],
  ["infinity", Number.POSITIVE_INFINITY, "MODEL_INFINITE"],
  ["negative infinity", Number.NEGATIVE_INFINITY, "MODEL_INFINITE"],
  ["negative zero", -0, "MODEL_NEGATIVE_ZERO"],
  ["2^10", 1024, "MODEL_OUT_OF_DOMAIN"],
  ["−2^10", -1024, "MODEL_OUT_OF_DOMAIN"],
  ["the greatest float32", 3.4028234663852886e38, "MODEL_OUT_OF_DOMAIN"],
];

describe("safetensors: rejected values", () => {
  for (const [what, value, code] of VALUES) {
    it(`${code}: ${what}, and says where`, () => {
      const error = expectCode(code, () => parseModel(fileOfValues(1, 2, value, 3)));
      expect(error.details.coordinate).to.equal(2);
    });
  }

  it("accepts the edges of the domain", () => {
    const edge = Math.fround(1023.99994);
    expect([...parseModel(fileOfValues(edge, -edge, 1e-45, 0)).floats]).to.deep.equal([
      edge,
      -edge,
      Math.fround(1e-45),
      0,
    ]);
  });

  it("takes another bound from the federation", () => {
    expect(parseModel(fileOfValues(5000), { maxMagnitude: 2 ** 20 }).floats[0]).to.equal(5000);
    expectCode("MODEL_OUT_OF_DOMAIN", () => parseModel(fileOfValues(8), { maxMagnitude: 8 }));
  });

  it("turns −0 into +0 on request, and changes nothing else", () => {
    const fixed = parseModel(canonicalize(fileOfValues(-0, 1, -0, -1e-45), { fixNegativeZero: true })).floats;
    expect([...fixed].map((x) => Object.is(x, -0))).to.deep.equal([false, false, false, false]);
    expect([...fixed]).to.deep.equal([0, 1, 0, Math.fround(-1e-45)]);
    expectCode("MODEL_NEGATIVE_ZERO", () => canonicalize(fileOfValues(-0)));
  });
});

describe("safetensors: unlike the federation's model", () => {
  const spec = { tensors: [{ name: "w", dtype: "F32", shape: [2, 3] }], metadata: {} };
  const like = (change: object) => ({
    ...spec,
    tensors: [{ name: "w", dtype: "F32", shape: [2, 3], ...change }],
  });

  it("names what differs", () => {
    assertSameArchitecture(like({}), spec);
    expectCode("MODEL_NAME_MISMATCH", () => assertSameArchitecture(like({ name: "v" }), spec));
    expectCode("MODEL_NAME_MISMATCH", () => assertSameArchitecture({ ...spec, tensors: [] }, spec));
    expectCode("MODEL_DTYPE_MISMATCH", () => assertSameArchitecture(like({ dtype: "I32" }), spec));
    expectCode("MODEL_SHAPE_MISMATCH", () => assertSameArchitecture(like({ shape: [3, 2] }), spec));
    expectCode("MODEL_SHAPE_MISMATCH", () => assertSameArchitecture(like({ shape: [2, 3, 1] }), spec));
    expectCode("MODEL_SHAPE_MISMATCH", () => assertSameArchitecture(like({ shape: [2] }), spec));
  });

  it("is refused by the client's command", () => {
    expectCode("MODEL_SHAPE_MISMATCH", () =>
      canonicalize(fileOfValues(1, 2), { federation: modelOf(1, 2, 3) }),
    );
  });

  it("can't be given values of another dimension", () => {
    expect(withFloats(modelOf(1, 2), Float32Array.of(3, 4)).floats[1]).to.equal(4);
    expectCode("MODEL_SHAPE_MISMATCH", () => withFloats(modelOf(1, 2), Float32Array.of(3)));
  });

  it("knows the sizes of the integer types", () => {
    const sizes = ["BOOL", "U8", "I16", "U32", "I64"].map((name) => elementBytes(name, "x"));
    expect(sizes).to.deep.equal([1, 1, 2, 4, 8]);
  });
});
