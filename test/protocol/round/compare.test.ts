import { expect } from "chai";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { firstCoordinate, firstDifference } from "../../../coordinator/protocol/round/compare.ts";
import type { Candidate } from "../../../coordinator/protocol/round/messages.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
const CANDIDATE: Candidate = {
  round: 1n,
  openingHash: word("01"),
  baseRoot: word("02"),
  modelRoot: word("ab"),
  modelCid: word("04"),
  updatesHash: word("05"),
  manifestCid: word("06"),
  payoutsRoot: word("07"),
  payoutsTotal: 8n,
  updateCount: 9,
  totalSamples: 10n,
  validationScore: 11,
};

describe("comparing a claimed with a recomputed candidate", () => {
  const expected: Readonly<Record<keyof Candidate, string>> = {
    round: "inputs",
    openingHash: "inputs",
    baseRoot: "inputs",
    updatesHash: "inputs",
    updateCount: "inputs",
    totalSamples: "inputs",
    modelRoot: "model",
    modelCid: "model",
    validationScore: "score",
    payoutsRoot: "payouts",
    payoutsTotal: "payouts",
    manifestCid: "payouts",
  };
  for (const [field, difference] of Object.entries(expected))
    it(`names "${difference}" for another ${field}`, () => {
      const value = CANDIDATE[field as keyof Candidate];
      const other = typeof value === "string" ? word("ff") : typeof value === "bigint" ? 99n : 99;
      expect(firstDifference({ ...CANDIDATE, [field]: other }, CANDIDATE)).to.equal(difference);
    });

  it("names what can be proven first", () => {
    const claimed = { ...CANDIDATE, modelRoot: word("ff"), validationScore: 0, payoutsTotal: 0n };
    expect(firstDifference(claimed, CANDIDATE)).to.equal("model");
  });

  it("finds no difference between equal candidates, whatever the case of their hashes", () => {
    const upper = { ...CANDIDATE, modelRoot: `0x${"AB".repeat(32)}` as Hex };
    expect(firstDifference(upper, CANDIDATE)).to.equal(undefined);
  });
});

describe("the first coordinate that differs", () => {
  it("is found, at the end too", () => {
    expect(firstCoordinate(Float32Array.of(1, 2, 3), Float32Array.of(1, 9, 9))).to.equal(1);
    expect(firstCoordinate(Float32Array.of(1, 2), Float32Array.of(1, 2, 3))).to.equal(2);
    expect(firstCoordinate(Float32Array.of(1, 2), Float32Array.of(1, 2))).to.equal(undefined);
  });
});
