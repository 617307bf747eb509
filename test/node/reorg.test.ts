import { expect } from "chai";
import { TestWorld } from "./harness.ts";
import { doubleSignatures } from "./parts.ts";

describe("a chain that is reorganised", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  it("gets a candidate again that it lost, the same one", async () => {
    world = new TestWorld({ parameters: { collectMin: 1, proposeSlot: 60, voteWindow: 60 } });
    let undone = false;
    // Nobody learns of a vote before, so that the round stays open.
    world.intercept = (method) => {
      if (!undone && (method === "offerVote" || method === "votes")) throw new Error("lost");
    };
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    const [round] = world.chain.rounds;
    await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i))));
    await world.until(() => round!.candidates[0]?.signers.length === 2, "a candidate of both");
    const { id } = round!.candidates[0]!;
    // Both proposers are done with it.
    await world.clock.sleep(3_000);
    round!.candidates = [];
    round!.voteUntil = null;
    round!.graceUntil = null;
    undone = true;
    await world.until(() => round!.status === "agreed", "round 1 agreed");
    expect(round!.candidates.map((posted) => posted.id)).to.deep.equal([id]);
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
  });
});
