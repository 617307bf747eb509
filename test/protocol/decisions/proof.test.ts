import { expect } from "chai";
import { fromHex, type Hex } from "../../../coordinator/protocol/bytes.ts";
import {
  type Decision,
  decodeDecision,
  encodeDecision,
  leafOf,
} from "../../../coordinator/protocol/decisions/decision.ts";
import { foundedMembers } from "../../../coordinator/protocol/decisions/founding.ts";
import { checkProof, proveDecision } from "../../../coordinator/protocol/decisions/proof.ts";
import { append, emptyTree, rootOf } from "../../../coordinator/protocol/decisions/tree.ts";
import { signingAddress } from "../../../coordinator/protocol/praft/address.ts";
import { expectCode } from "../expect-code.ts";
import { hashOf } from "../praft/fixtures.ts";

const decisions: Decision[] = Array.from({ length: 9 }, (_, position) => ({
  position,
  epoch: 0,
  height: 10 * position,
  task: hashOf(`task ${position}`),
  kind: "select",
  outcome: position === 4 ? undefined : Uint8Array.of(position),
}));

function rootAfter(count: number): Hex {
  const tree = emptyTree();
  for (const decision of decisions.slice(0, count)) append(tree, leafOf(decision));
  return rootOf(tree);
}

const anchored = { count: 3n, height: 65n, decisionsRoot: rootAfter(7) };

describe("proofs of decisions", () => {
  it("lead from a decision to the anchored root, also of what was decided later than others", () => {
    for (const decision of decisions.slice(0, 7)) {
      const proof = JSON.parse(JSON.stringify(proveDecision(decisions, decision.task, anchored)));
      expect(checkProof(proof, () => anchored.decisionsRoot)).to.deep.equal(decision);
    }
  });

  it("are false once anything in them is changed, and of another root", () => {
    const proof = proveDecision(decisions, hashOf("task 3"), anchored);
    const root = () => anchored.decisionsRoot;
    for (const change of [
      { outcome: "0x04" },
      { outcome: null },
      { kind: "rank" },
      { height: 31 },
      { epoch: 1 },
    ]) {
      const changed = { ...proof, decision: { ...proof.decision, ...change } };
      expectCode("PROOF_FALSE", () => checkProof(changed, root));
    }
    expectCode("PROOF_FALSE", () => checkProof({ ...proof, path: proof.path.slice(1) }, root));
    expectCode("PROOF_FALSE", () => checkProof(proof, () => rootAfter(8)));
  });

  it("are refused by name if they are no proofs", () => {
    const proof = proveDecision(decisions, hashOf("task 3"), anchored);
    for (const wrong of [
      null,
      7,
      {},
      { ...proof, version: 2 },
      { ...proof, path: ["0x12"] },
      { ...proof, path: Array.from({ length: 65 }, () => hashOf("x")) },
      { ...proof, decision: { ...proof.decision, task: "0x" } },
      { ...proof, decision: { ...proof.decision, outcome: "7" } },
    ])
      expectCode("PROOF_MALFORMED", () => checkProof(wrong, () => hashOf("root")));
  });

  it("are not made of what is not known, not anchored or not whole", () => {
    expectCode("DECISION_UNKNOWN", () => proveDecision(decisions, hashOf("nobody asked"), anchored));
    expectCode("DECISION_NOT_ANCHORED", () => proveDecision(decisions, hashOf("task 8"), anchored));
    for (const missing of [decisions.slice(1), decisions.filter(({ position }) => position !== 2)])
      expectCode("DECISIONS_INCOMPLETE", () => proveDecision(missing, hashOf("task 3"), anchored));
  });

  it("decisions come back from their bytes", () => {
    for (const decision of decisions)
      expect(decodeDecision(encodeDecision(decision))).to.deep.equal(decision);
  });
});

describe("the founders of a committee", () => {
  const voteKey = fromHex("0x02989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5d83c57625596e05f6f", 33);

  it("have weights by stake, as parts of the heaviest, and none is missing", () => {
    const roster = [
      { key: signingAddress(voteKey), weight: 1n },
      { key: hashOf("x").slice(0, 42) as Hex, weight: 0n },
    ];
    expect(foundedMembers(roster, [{ voteKey }])).to.deep.equal([{ voteKey, weight: 1_000_000 }]);
    const rich = [roster[0]!, { key: roster[1]!.key, weight: 10n ** 21n }];
    expectCode("COMMITTEE_INCOMPLETE", () => foundedMembers(rich, [{ voteKey }]));
  });
});
