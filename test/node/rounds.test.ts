import { expect } from "chai";
import { doubleSignatures, TestWorld } from "./harness.ts";

describe("two miners and three clients", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  it("agree on one candidate with both signatures, round after round", async () => {
    world = new TestWorld();
    await world.start();
    for (let round = 1; round <= 3; round++) {
      await world.until(() => world.chain.rounds.length === round, `round ${round}`);
      const started = world.clock.now();
      const base = world.federation.genesis;
      const answers = await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i, base))));
      console.log(answers.flatMap((a)=>a.refused));
      for (const answer of answers) expect(answer.acknowledged).to.have.length(2);
      await world.until(() => world.chain.rounds[round - 1]!.status === "agreed", `round ${round} agreed`);
      console.log("round took", world.clock.now() - started);
      const { candidates } = world.chain.rounds[round - 1]!;
      expect(candidates).to.have.length(1);
      expect(candidates[0]!.signers).to.have.length(2);
      expect(world.chain.rounds[round - 1]!.settledVoters).to.have.length(2);
      break;
    }
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
    console.log(world.chain.transactions);
  });
});
