import { expect } from "chai";
import { orderStatistic } from "../../../coordinator/protocol/aggregation/coordinate.ts";
import { fedAvg } from "../../../coordinator/protocol/aggregation/fedavg.ts";
import { type Hex, toHex, ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { bitsOf, findWrongCoordinates } from "../../../coordinator/protocol/faults/find.ts";
import type { ProvableRule } from "../../../coordinator/protocol/faults/judge.ts";
import {
  buildColumnProof,
  type ColumnProof,
  judgeColumnProof,
} from "../../../coordinator/protocol/faults/proof.ts";
import type { Model } from "../../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../../coordinator/protocol/model/model-root.ts";
import { expectCode } from "../expect-code.ts";
import { columnOf, families, floatOf, randomFrom } from "./columns.ts";

const DIMENSION = 150;
const J = 100;
const random = randomFrom(31);
const modelOf = (floats: Float32Array): Model => ({
  tensors: [{ name: "w", dtype: "F32", shape: [floats.length] }],
  metadata: {},
  floats,
  others: new Uint8Array(),
});
const rows = [0, 1, 2].map(() =>
  Float32Array.from(columnOf(families.weights!, random, DIMENSION).column, floatOf),
);
const counts = [16_000, 18_000, 20_000];
const updates = rows.map((floats, k) => ({ floats, sampleCount: counts[k] as number }));
const references = rows.map((floats, k) => ({
  client: `0x${`0${k + 1}`.repeat(20)}` as Hex,
  modelRoot: modelRoot(modelOf(floats)),
  sampleCount: BigInt(counts[k] as number),
  signatureHash: ZERO_HASH,
}));
const FEDAVG: ProvableRule = { kind: "fedavg", trim: 0, maxExponent: 136 };
const MEDIAN: ProvableRule = { ...FEDAVG, kind: "median" };

function flipped(right: Float32Array, bit: number): Float32Array {
  const claim = right.slice();
  const bits = bitsOf(claim);
  bits[J] = ((bits[J] as number) ^ (2 ** bit)) >>> 0;
  return claim;
}

function proofOf(claim: Float32Array, rule: ProvableRule, coordinate = J): ColumnProof {
  return buildColumnProof(coordinate, {
    claimed: modelOf(claim),
    models: rows.map(modelOf),
    references,
    rule,
  });
}

const right = fedAvg(updates);
const wrong = flipped(right, 12);
const context = { claimedRoot: modelRoot(modelOf(wrong)), dimension: DIMENSION, rule: FEDAVG };

describe("proving one coordinate wrong", () => {
  it("finds the wrong coordinate and what is wrong about it", () => {
    expect(findWrongCoordinates(wrong, right, { updates, rule: FEDAVG })).to.deep.equal([
      { coordinate: J, verdict: "wrong" },
    ]);
    expect(findWrongCoordinates(right, right, { updates, rule: FEDAVG, limit: DIMENSION })).to.deep.equal([]);
    const all = right.map((value) => value + 1);
    expect(findWrongCoordinates(all, right, { updates, rule: FEDAVG, limit: 5 })).to.have.length(5);
    // What a verifier expected is judged too: a right claim is never reported.
    expect(findWrongCoordinates(right, wrong, { updates, rule: FEDAVG })).to.deep.equal([]);
  });

  it("refuses models of another length", () => {
    expectCode("FAULT_SHAPE", () =>
      findWrongCoordinates(right.subarray(1), right, { updates, rule: FEDAVG }),
    );
  });

  it("builds a proof that holds, for each rule", () => {
    expect(judgeColumnProof(proofOf(wrong, FEDAVG), context)).to.equal("wrong");
    expect(judgeColumnProof(proofOf(wrong, FEDAVG, J + 1), context)).to.equal("right");
    const median = flipped(orderStatistic(rows, "median", 0), 12);
    const proof = proofOf(median, MEDIAN);
    const claimedRoot = modelRoot(modelOf(median));
    expect(judgeColumnProof(proof, { ...context, claimedRoot, rule: MEDIAN })).to.equal("wrong");
    expect(proof.order).to.have.length(2 + 4 * 3);
  });

  it("gives the hashes of each model if they differ", () => {
    const others = Uint8Array.of(1, 2, 3);
    const odd: Model = {
      ...modelOf(rows[1] as Float32Array),
      tensors: [
        { name: "w", dtype: "F32", shape: [DIMENSION] },
        { name: "n", dtype: "U8", shape: [3] },
      ],
      others,
    };
    const models = rows.map((floats, k) => (k === 1 ? odd : modelOf(floats)));
    const mixed = references.map((r, k) => (k === 1 ? { ...r, modelRoot: modelRoot(odd) } : r));
    const proof = buildColumnProof(J, { claimed: modelOf(wrong), models, references: mixed, rule: FEDAVG });
    expect(proof.openings).to.have.length(2 + 2 * 4 * (64 + 256 + 2 * 32));
    expect(judgeColumnProof(proof, context)).to.equal("wrong");
  });

  it("takes equal values in any order, but each update once", () => {
    const models = rows.map(() => modelOf(right));
    const same = references.map((r) => ({ ...r, modelRoot: modelRoot(modelOf(right)) }));
    const proof = buildColumnProof(J, { claimed: modelOf(wrong), models, references: same, rule: MEDIAN });
    const median = { ...context, rule: MEDIAN };
    expect(judgeColumnProof({ ...proof, order: "0x000200000001" }, median)).to.equal("wrong");
    expectCode("FAULT_ORDER", () => judgeColumnProof({ ...proof, order: "0x000000000001" }, median));
  });

  it("refuses a tampered byte anywhere", () => {
    const proof = proofOf(wrong, FEDAVG);
    const bytes = Buffer.from(proof.openings.slice(2), "hex");
    for (let at = 0; at < bytes.length; at += 7) {
      const tampered = Uint8Array.from(bytes);
      tampered[at]! ^= 1;
      expectCode("FAULT_WRONG_OPENING", () =>
        judgeColumnProof({ ...proof, openings: toHex(tampered) }, context),
      );
    }
  });

  it("refuses proofs of another shape", () => {
    const proof = proofOf(wrong, FEDAVG);
    expect(proof.openings).to.have.length(2 + 2 * (64 + 4 * (256 + 2 * 32)));
    expectCode("FAULT_OPENINGS_LENGTH", () =>
      judgeColumnProof({ ...proof, openings: `${proof.openings}00` }, context),
    );
    for (const coordinate of [-1, 0.5, DIMENSION])
      expectCode("FAULT_COORDINATE", () => judgeColumnProof({ ...proof, coordinate }, context));
    expectCode("FAULT_WRONG_OPENING", () =>
      judgeColumnProof({ ...proof, coordinate: J + 64 > 149 ? 1 : 149 }, context),
    );
    expectCode("FAULT_ORDER", () => judgeColumnProof({ ...proof, order: "0x000000010002" }, context));
    const median = proofOf(wrong, MEDIAN);
    for (const order of [`${median.order}0000`, "0x000000000000", "0x000000010009"] as const)
      expectCode("FAULT_ORDER", () => judgeColumnProof({ ...median, order }, { ...context, rule: MEDIAN }));
  });
});
