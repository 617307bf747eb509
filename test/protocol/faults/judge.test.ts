import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { parseRuleText } from "../../../coordinator/protocol/aggregation/rule.ts";
import { averageBits } from "../../../coordinator/protocol/faults/exact.ts";
import {
  contractRule,
  isBeyondTolerance,
  isJudged,
  judge,
  type ProvableRule,
  provableRule,
  sortingOrder,
} from "../../../coordinator/protocol/faults/judge.ts";
import { type CoordinateVector, coordinateVectors } from "../../vectors/generate-coordinates.ts";
import { expectCode } from "../expect-code.ts";
import { bitsOf, columnOf, families, honestBits, randomFrom, reorderedBits } from "./columns.ts";

const FEDAVG: ProvableRule = { kind: "fedavg", trim: 0, maxExponent: 136 };
const MEDIAN: ProvableRule = { ...FEDAVG, kind: "median" };
const TRIMMED: ProvableRule = { ...FEDAVG, kind: "trimmed-mean", trim: 1 };
const ONE = bitsOf(1);

describe("judging one coordinate", () => {
  for (const [name, family] of Object.entries(families))
    it(`never blames the honest: ${name}`, () => {
      const random = randomFrom(0x1234567);
      for (let i = 0; i < 600; i++) {
        const size = i < 3 ? 1024 : 1 + random(i % 20 === 0 ? 200 : 12);
        const terms = columnOf(family, random, size);
        for (const rule of size > 2 ? [FEDAVG, MEDIAN, TRIMMED] : [FEDAVG, MEDIAN])
          expect(judge(rule, honestBits(rule, terms), terms)).to.equal("right");
        expect(isBeyondTolerance(reorderedBits(terms, random), terms)).to.equal(false);
      }
    });

  it("replays the hardware on arbitrary floats", () => {
    const bits = fc
      .tuple(fc.boolean(), fc.integer({ min: 0, max: 136 }), fc.integer({ min: 0, max: 2 ** 23 - 1 }))
      .map(
        ([negative, exponent, fraction]) => ((negative ? 2 ** 31 : 0) + exponent * 2 ** 23 + fraction) >>> 0,
      );
    const entry = fc.tuple(bits, fc.integer({ min: 1, max: 2 ** 32 }));
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 20 }), (entries) => {
        const terms = { column: entries.map(([b]) => b), samples: entries.map(([, n]) => n) };
        expect(averageBits(terms)).to.equal(honestBits(FEDAVG, terms));
        expect(isBeyondTolerance(honestBits(FEDAVG, terms), terms)).to.equal(false);
      }),
      { numRuns: 2_000, seed: 4 },
    );
  });

  it("finds every flipped bit of an average of ordinary weights", () => {
    const random = randomFrom(99);
    for (let i = 0; i < 50; i++) {
      const terms = columnOf(families.weights!, random, 3);
      const honest = honestBits(FEDAVG, terms);
      for (let bit = 0; bit < 32; bit++)
        expect(judge(FEDAVG, (honest ^ (2 ** bit)) >>> 0, terms)).not.to.equal("right");
      expect(judge(FEDAVG, (honest ^ (2 ** 12)) >>> 0, terms)).to.equal("wrong");
    }
  });

  it("lets the remainder of the division break a tie", () => {
    // The quotient exceeds a float32 tie by half a float64 step and a remainder. 2^-125 is small enough for it to be lost.
    const small = bitsOf(2 ** -125);
    const terms = { column: [small, small + 1], samples: [2 ** 28 - 1, 2 ** 28] };
    expect(honestBits(FEDAVG, terms)).to.equal(small + 1);
    expect(judge(FEDAVG, small + 1, terms)).to.equal("right");
    expect(judge(FEDAVG, small, terms)).to.equal("not-exact");
  });

  it("calls another order of additions not exact, never wrong", () => {
    const values = [bitsOf(1000), bitsOf(2 ** -44), bitsOf(2 ** -44), bitsOf(-1000)];
    const terms = { column: values, samples: [1, 1, 1, 1] };
    const other = bitsOf((2 ** -44 + 2 ** -44) / 4);
    expect(honestBits(FEDAVG, terms)).not.to.equal(other);
    expect(judge(FEDAVG, other, terms)).to.equal("not-exact");
  });

  it("is stricter on the zero side of a power of two", () => {
    // The average lies three quarters of the finer spacing below 1.
    const terms = { column: [ONE, bitsOf(1 - 3 * 2 ** -24)], samples: [3, 1] };
    expect(judge(FEDAVG, ONE, terms)).to.equal("wrong");
    expect(judge(FEDAVG, bitsOf(1 - 2 ** -24), terms)).to.equal("right");
  });

  it("calls a claim out of the domain wrong, and judges no input out of it", () => {
    const terms = { column: [ONE, ONE], samples: [1, 1] };
    for (const claim of [0x7fc00000, 0x7f800000, 0xff800000, 137 << 23])
      expect(judge(FEDAVG, claim >>> 0, terms)).to.equal("wrong");
    expectCode("FAULT_INPUT_OUT_OF_DOMAIN", () =>
      judge(FEDAVG, ONE, { column: [ONE, 0x7fc00000], samples: [1, 1] }),
    );
  });

  it("refuses columns and sample counts of another shape", () => {
    expectCode("FAULT_COLUMN", () => judge(FEDAVG, 0, { column: [], samples: [] }));
    expectCode("FAULT_COLUMN", () => judge(FEDAVG, 0, { column: [0, 0], samples: [1] }));
    expectCode("FAULT_COLUMN", () => judge(TRIMMED, 0, { column: [0, 0], samples: [1, 1] }));
    for (const n of [0, 1.5, 2 ** 32 + 1])
      expectCode("FAULT_SAMPLE_COUNT", () => judge(FEDAVG, 0, { column: [0], samples: [n] }));
  });

  it("negative zero is not the bits of zero", () => {
    expect(judge(FEDAVG, 0x80000000, { column: [0], samples: [1] })).to.equal("not-exact");
  });

  it("sorts signed zeros as equals", () => {
    expect(sortingOrder([0, 0x80000000, bitsOf(-1), 0])).to.deep.equal([2, 0, 1, 3]);
  });

  it("takes its rule from the federation's, if one coordinate can prove it", () => {
    expect(provableRule(parseRuleText("trimmed-mean:2"))).to.deep.equal({
      kind: "trimmed-mean",
      trim: 2,
      maxExponent: 136,
    });
    expect(provableRule(parseRuleText("fedavg"), 150)).to.deep.equal({ ...FEDAVG, maxExponent: 150 });
    expect(provableRule(parseRuleText("median"), 166).maxExponent).to.equal(166);
    for (const bound of [0, 136.5, 167])
      expectCode("FAULT_EXPONENT_BOUND", () => provableRule(parseRuleText("median"), bound));
    for (const text of ["krum:1", "meamed:1", "nnm:1+median"]) {
      expectCode("FAULT_RULE_NOT_PROVABLE", () => provableRule(parseRuleText(text)));
      expect(isJudged(parseRuleText(text))).to.equal(false);
      expect(contractRule(parseRuleText(text)).kind).to.equal(0);
    }
    for (const [k, text] of ["fedavg", "median", "trimmed-mean:1"].entries()) {
      expect(isJudged(parseRuleText(text))).to.equal(true);
      expect(contractRule(parseRuleText(text)).kind).to.equal(k + 1);
    }
  });

  it("the vectors are those of the generator", () => {
    const file: CoordinateVector[] = JSON.parse(
      readFileSync(new URL("../../vectors/coordinates.json", import.meta.url), "utf8"),
    );
    expect(file).to.deep.equal(coordinateVectors);
  });
});
