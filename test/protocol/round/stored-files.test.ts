import { expect } from "chai";
import { type Hex, ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { payoutTree } from "../../../coordinator/protocol/incentives/payouts.ts";
import { initialModel } from "../../../coordinator/protocol/learning/architecture.ts";
import { modelRoot } from "../../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../../coordinator/protocol/model/safetensors.ts";
import { encodeManifestFile } from "../../../coordinator/protocol/round/manifest-file.ts";
import { payoutManifests, readModel, readPayouts } from "../../../coordinator/protocol/round/stored-files.ts";
import { expectCode } from "../expect-code.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;

describe("a model file", () => {
  const model = initialModel({ kind: "dense", layers: [3, 2] }, "a");
  const other = initialModel({ kind: "dense", layers: [3, 2] }, "b");

  it("is read if it is the model of its root", () => {
    expect(readModel(encodeModel(model), modelRoot(model), other)).to.deep.equal(model);
  });

  it("is refused if its root is another", () => {
    expectCode("MODEL_ROOT_MISMATCH", () => readModel(encodeModel(model), modelRoot(other), model));
  });

  it("is refused if its tensors are not the federation's", () => {
    const wider = initialModel({ kind: "dense", layers: [4, 2] }, "a");
    expectCode("MODEL_SHAPE_MISMATCH", () => readModel(encodeModel(wider), modelRoot(wider), model));
  });
});

describe("a payout table", () => {
  const payouts = [{ client: `0x${"11".repeat(20)}`, cumulative: 5n }];
  const bytes = encodeManifestFile({
    round: 1n,
    openingHash: word("01"),
    baseRoot: word("02"),
    updates: [],
    coalitionScores: null,
    shapley: null,
    payouts,
  });

  it("is read if it is the table of its root", () => {
    expect(readPayouts(bytes, payoutTree(payouts).root)).to.deep.equal(payouts);
  });

  it("is refused if its root is another", () => {
    expectCode("PAYOUTS_MISMATCH", () => readPayouts(bytes, word("99")));
  });

  it("is found by the candidate that carried it, model and payouts both", () => {
    const candidate = (model: string, paid: string, manifest: string) => ({
      candidate: { modelRoot: word(model), payoutsRoot: word(paid), manifestCid: word(manifest) },
    });
    const candidates = [
      candidate("01", "0b", "a1"),
      candidate("02", "0c", "a2"),
      candidate("02", "0b", "a3"),
    ];
    const found = (payoutsRoot: Hex) => payoutManifests(candidates, { modelRoot: word("02"), payoutsRoot });
    expect(found(word("0b"))).to.deep.equal([word("a3")]);
    expect(found(word("0d"))).to.deep.equal([]);
    expect(found(ZERO_HASH)).to.deep.equal([]);
  });
});
