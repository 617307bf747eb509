import { expect } from "chai";
import type { TestWorldOptions } from "./harness.ts";
import { doubleSignatures } from "./parts.ts";
import { type Scenario, started } from "./scenario.ts";

let world: Scenario;

describe("rounds with silent miners", () => {
  afterEach(async () => {
    await world.stop();
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
  });

  const three: TestWorldOptions = { miners: 4 };

  it("are agreed by the primary's candidate if the secondary is silent", async () => {
    world = await started(three);
    await world.kill(1);
    await world.submitAll();
    await world.agreed(1);
    expect(world.round(1).candidates.map(({ signers }) => signers.length)).to.deep.equal([1]);
    expect(world.round(1).candidates[0]!.rank).to.equal(0);
  });

  it("are agreed by the secondary's candidate if the primary is silent", async () => {
    world = await started(three);
    await world.kill(0);
    await world.submitAll();
    await world.agreed(1);
    expect(world.round(1).candidates.map(({ rank }) => rank)).to.deep.equal([1]);
  });

  it("are agreed by a reserve's candidate in its slot if both proposers are silent", async () => {
    world = await started({ miners: 6, weights: [400n, 400n, 2_000n, 2_000n, 2_000n, 2_000n] });
    await Promise.all([world.kill(0), world.kill(1)]);
    await world.submitAll();
    await world.agreed(1);
    expect(world.round(1).candidates.map(({ rank }) => rank)).to.deep.equal([2]);
    expect(world.round(1).candidates[0]!.postedAt).to.be.at.least(world.round(1).proposeUntil);
  });

  it("fail after the grace if two miners cannot agree because one is silent, and the next round opens", async () => {
    world = await started();
    await world.submitAll();
    await world.kill(1);
    await world.until(() => world.chain.rounds.length === 2, "round 2");
    expect(world.round(1).status).to.equal("failed");
    expect(world.sent("castVote")).to.have.length(1);
  });

  it("gain the secondary's signature even if it comes late", async () => {
    world = await started();
    await world.kill(1);
    // The primary goes alone; the secondary comes back when the candidate is posted.
    await world.submitAll();
    await world.until(() => world.round(1).candidates.length === 1, "the primary's candidate");
    await world.restart(1);
    await world.agreed(1);
    expect(world.round(1).candidates.map(({ signers }) => signers.length)).to.deep.equal([2]);
  });

  it("go on where they were when the chain was unreachable for a while", async () => {
    world = await started();
    await world.submitAll();
    world.chain.down = true;
    await world.clock.sleep(4_000);
    const refused = await world.miners[0]!.miner.service.votes(1n).then(() => "answered");
    expect(refused).to.equal("answered");
    expect(world.miners[0]!.miner.status().rpc).to.equal("unreachable");
    world.chain.down = false;
    await world.agreed(1);
  });
});
