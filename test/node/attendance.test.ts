import { expect } from "chai";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { TestWorld } from "./harness.ts";

/** Sent by a miner, refused or not. */
function sentBy(world: TestWorld, miner: Hex, method: string) {
  return world.chain.transactions.filter((sent) => sent.from === miner && sent.method === method);
}

describe("absence", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  it("ends a miner's seat by whoever is there, once, and the node asks for it again once it is back", async () => {
    world = new TestWorld({ miners: 3 });
    const [first, second, third] = world.miners.map(({ address }) => address);
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    await world.kill(2);
    world.chain.absent = [{ miner: third!, asOfRound: 1n }];
    const seat = () => world.chain.options.miners[2]!;
    await world.until(() => seat().mayReturn === true, "the seat is taken");
    const deactivations = [first!, second!].flatMap((miner) => sentBy(world, miner, "deactivate"));
    expect(deactivations.filter(({ refused }) => !refused)).to.have.length(1);
    expect(seat().active).to.equal(false);
    await world.restart(2);
    await world.until(() => seat().active, "the seat is back");
    expect(sentBy(world, third!, "reactivate")).to.have.length(1);
  });

  it("is never said of oneself, and not by who has no seat", async () => {
    world = new TestWorld({ miners: 3 });
    const [first, , third] = world.miners.map(({ address }) => address);
    await world.start();
    Object.assign(world.chain.options.miners[2]!, { active: false, activeNext: false });
    world.chain.absent = [{ miner: first!, asOfRound: 1n }];
    await world.until(() => world.chain.absent.length === 0, "deactivated by the second");
    expect(sentBy(world, first!, "deactivate")).to.deep.equal([]);
    expect(sentBy(world, third!, "deactivate")).to.deep.equal([]);
    // Who lost its seat for a fault does not come back by itself.
    expect(sentBy(world, third!, "reactivate")).to.deep.equal([]);
  });

  it("is left to the owner if the node's key votes for another account", async () => {
    world = new TestWorld({
      miners: 3,
      tamper: (deps, index) =>
        index === 2 ? { ...deps, chain: { ...deps.chain, account: `0x${"ab".repeat(20)}` } } : deps,
    });
    Object.assign(world.chain.options.miners[2]!, { active: false, activeNext: false, mayReturn: true });
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    await world.clock.sleep(2_000);
    expect(sentBy(world, world.miners[2]!.address, "reactivate")).to.deep.equal([]);
  });
});
