import { expect } from "chai";
import {
  type Conduct,
  reputationStep,
  stepReputation,
} from "../../../coordinator/protocol/round/reputation.ts";

const rule = { min: 1000n, max: 20_000n, gain: 1000n, loss: 500n };
const WAD = 10n ** 18n;
const yesOnAgreed: Conduct = { outcome: "agreed", signed: false, support: true };

describe("reputation", () => {
  const cases: [string, readonly Conduct[], { drawn: boolean; agreed: boolean }, bigint][] = [
    ["a yes on the agreed", [yesOnAgreed], { drawn: false, agreed: true }, 1000n],
    ["a no on the agreed", [{ ...yesOnAgreed, support: false }], { drawn: false, agreed: true }, -500n],
    [
      "a yes on a disagreed",
      [yesOnAgreed, { outcome: "disagreed", signed: false, support: true }],
      { drawn: false, agreed: true },
      -500n,
    ],
    [
      "a no on a disagreed",
      [yesOnAgreed, { outcome: "disagreed", signed: false, support: false }],
      { drawn: false, agreed: true },
      1000n,
    ],
    [
      "signed a disagreed",
      [yesOnAgreed, { outcome: "disagreed", signed: true }],
      { drawn: true, agreed: true },
      -500n,
    ],
    [
      "signed a pending",
      [yesOnAgreed, { outcome: "pending", signed: true, support: true }],
      { drawn: false, agreed: true },
      1000n,
    ],
    [
      "drawn, and signed the agreed",
      [{ ...yesOnAgreed, signed: true }],
      { drawn: true, agreed: true },
      1000n,
    ],
    ["drawn, and signed nothing", [yesOnAgreed], { drawn: true, agreed: true }, 0n],
    [
      "a failed round",
      [{ outcome: "disagreed", signed: true, support: true }],
      { drawn: true, agreed: false },
      0n,
    ],
  ];
  for (const [name, conduct, about, step] of cases)
    it(`steps by ${step} for ${name}`, () => {
      expect(reputationStep(conduct, { ...about, rule })).to.equal(step);
    });

  it("stays within its bounds", () => {
    expect(stepReputation(WAD, 1000n, rule)).to.equal((11n * WAD) / 10n);
    expect(stepReputation(2n * WAD, 1000n, rule)).to.equal(2n * WAD);
    expect(stepReputation(WAD / 10n, -500n, rule)).to.equal(WAD / 10n);
  });
});
