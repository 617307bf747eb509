import { expect } from "chai";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { TestWorld, type TestWorldOptions } from "./harness.ts";
import { codeOf, createSigner } from "./parts.ts";

describe("starting a miner", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  it("waits for a chain that cannot be reached yet", async () => {
    world = new TestWorld();
    world.chain.down = true;
    const starting = world.start();
    await world.clock.sleep(2_000);
    expect(world.chain.rounds).to.have.length(0);
    world.chain.down = false;
    await starting;
    await world.until(() => world.chain.rounds.length === 1, "round 1");
  });

  const identity = (change: Parameters<NonNullable<TestWorldOptions["tamper"]>>[0]["config"]["miner"]) =>
    new TestWorld({
      tamper: (deps, index) => (index === 0 ? { ...deps, config: { ...deps.config, miner: change } } : deps),
    });

  it("is refused without a stake", async () => {
    const stranger: Hex = `0x${"12".repeat(20)}`;
    world = identity(stranger);
    expect(await codeOf(world.miners[0]!.miner.start())).to.equal("MINER_UNKNOWN");
  });

  it("is refused with a key that is not the registered voting key", async () => {
    world = new TestWorld({
      tamper: (deps, index) => (index === 0 ? { ...deps, signer: createSigner("another key") } : deps),
    });
    expect(await codeOf(world.miners[0]!.miner.start())).to.equal("KEY_MISMATCH");
  });

  it("twice changes nothing, and so does stopping twice", async () => {
    world = new TestWorld();
    const { miner } = world.miners[0]!;
    await Promise.all([miner.start(), miner.start()]);
    expect(miner.status().running).to.equal(true);
    await miner.stop();
    await miner.stop();
    expect(miner.status().running).to.equal(false);
  });

  it("leaves nothing to do while only one miner is active", async () => {
    world = new TestWorld({ miners: 1 });
    await world.start();
    await world.clock.sleep(3_000);
    expect(world.chain.transactions).to.deep.equal([]);
  });
});
