import { expect } from "chai";
import {
  flippedLabel,
  forge,
  formatAttack,
  normal,
  parseAttackText,
} from "../../../coordinator/protocol/attacks/attack.ts";
import { createPrng } from "../../../coordinator/protocol/learning/prng.ts";
import { expectCode } from "../expect-code.ts";

const rows = [Float32Array.of(1, 2), Float32Array.of(3, 4)];
const forged = (text: string, centre?: Float32Array) => [
  ...forge(parseAttackText(text), {
    honest: rows,
    own: Float32Array.of(9, 9),
    prng: createPrng("1"),
    ...(centre && { centre }),
  }),
];

describe("attacks", () => {
  it("are read and written", () => {
    for (const text of ["none", "sign-flip", "ipm:5", "alie:1.5", "gaussian:10", "scaling:100", "mimic"])
      expect(formatAttack(parseAttackText(text))).to.equal(text);
    expect(parseAttackText("ipm")).to.deep.equal({ name: "ipm", strength: 5 });
  });

  it("are refused if unknown or with a wrong strength", () => {
    expectCode("ATTACK_UNKNOWN", () => parseAttackText("bribe"));
    for (const text of ["ipm:0", "ipm:-1", "ipm:x", "ipm:", "ipm:1:2", "nan:1", "gaussian:Infinity"])
      expectCode("ATTACK_PARAMETER", () => parseAttackText(text));
  });

  it("act on the difference to the centre", () => {
    const centre = Float32Array.of(1, 1);
    expect(forged("sign-flip", centre)).to.deep.equal([0, -1]);
    expect(forged("ipm:2", centre)).to.deep.equal([-1, -3]);
    expect(forged("scaling:3", centre)).to.deep.equal([4, 7]);
    expect(forged("mimic", centre)).to.deep.equal([1, 2]);
    expect(forged("label-flip", centre)).to.deep.equal([9, 9]);
    expect(forged("nan").every(Number.isNaN)).to.equal(true);
    expect(forged("infinity")).to.deep.equal([Infinity, Infinity]);
  });

  it("flip labels end for end", () => {
    expect([0, 4, 9].map((label) => flippedLabel(label, 10))).to.deep.equal([9, 5, 0]);
  });

  it("draw reproducible noise of mean 0 and deviation 1", () => {
    const draws = (seed: string) => {
      const prng = createPrng(seed);
      return Array.from({ length: 20_000 }, () => normal(prng));
    };
    const values = draws("a");
    expect(values).to.deep.equal(draws("a"));
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
    expect(mean).to.be.closeTo(0, 0.03);
    expect(variance).to.be.closeTo(1, 0.04);
    const within = values.filter((value) => Math.abs(value) < 1).length / values.length;
    expect(within).to.be.closeTo(0.6827, 0.015);
  });
});
