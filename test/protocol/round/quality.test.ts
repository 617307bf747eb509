import { expect } from "chai";
import fc from "fast-check";
import {
  passesScore,
  qualityBps,
  SUPPORT_THRESHOLD_BPS,
} from "../../../coordinator/protocol/round/quality.ts";

/** score, set size, best recent score, quality in basis points */
const ROWS: readonly (readonly [number, number, number | undefined, number])[] = [
  [0, 6_000, undefined, 5_000],
  [600, 6_000, undefined, 5_000],
  [5_700, 6_000, undefined, 9_500],
  [5_700, 6_000, 5_700, 9_500],
  [5_400, 6_000, 5_700, 9_000],
  [5_399, 6_000, 5_700, 4_900],
  [600, 6_000, 900, 5_000],
  [599, 6_000, 900, 998],
  [0, 6_000, 6_000, 0],
  [6_000, 6_000, 6_000, 10_000],
];

describe("quality", () => {
  for (const [score, size, best, quality] of ROWS)
    it(`${score} of ${size} against a best of ${best ?? "none"} is ${quality}`, () => {
      expect(qualityBps(score, size, best)).to.equal(quality);
    });

  it("is at least one half exactly if the score passes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60_000 }).chain((size) => {
          const score = fc.integer({ min: 0, max: size });
          return fc.tuple(score, fc.constant(size), fc.option(score, { nil: undefined }));
        }),
        ([score, size, best]) => {
          const supported = qualityBps(score, size, best) >= SUPPORT_THRESHOLD_BPS;
          expect(supported).to.equal(passesScore(score, size, best));
        },
      ),
    );
  });

  it("decides on integers: a fall of exactly 0.05 passes, one answer more does not", () => {
    // 0.05 of 10,007 images is 500.35 answers.
    expect(passesScore(8_000 - 500, 10_007, 8_000)).to.equal(true);
    expect(passesScore(8_000 - 501, 10_007, 8_000)).to.equal(false);
  });
});
