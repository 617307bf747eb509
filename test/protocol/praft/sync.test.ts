import { expect } from "chai";
import { step } from "../../../coordinator/protocol/praft/step.ts";
import { createNode } from "../../praft/node.ts";
import { committeeWith } from "./fixtures.ts";

/** Whom a replica that is far behind asks, when the clock at its questions is always a multiple of all that could matter. */
function askedBy(index: number): string[] {
  const { state, env } = createNode(committeeWith([1, 1, 1, 1]), index, "member");
  return [1, 2, 3, 4].flatMap((i) =>
    step(state, { kind: "tick", now: 12_000 * i }, env).effects.flatMap((effect) =>
      effect.kind === "send" && effect.message.kind === "sync-request" ? [effect.to] : [],
    ),
  );
}

describe("praft sync", () => {
  it("asks the other members in turn, whatever the clock says", () => {
    expect(askedBy(1)).to.deep.equal(["m2", "m3", "m0", "m2"]);
  });

  it("lets who is no member yet ask all of them", () => {
    expect(askedBy(5).toSorted()).to.deep.equal(["m0", "m1", "m2", "m3"]);
  });
});
