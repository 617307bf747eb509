import { expect } from "chai";
import type { MinerEvent } from "../../coordinator/node/types.ts";
import { hold, release } from "./fake-pause.ts";
import type { TestWorldOptions } from "./harness.ts";
import { doubleSignatures } from "./parts.ts";
import { Scenario } from "./scenario.ts";

/** Longer than all windows of a round together, seconds. */
const LONG = 60;
const DAY = 86_400;

let world: Scenario;
let told: MinerEvent[];

async function started(options?: TestWorldOptions): Promise<void> {
  world = new Scenario(options);
  told = [];
  world.miners[0]!.miner.on((event) => void told.push(event));
  await world.start();
  await world.until(() => world.chain.rounds.length === 1, "round 1");
}

/** What the chain refused because it was held, sent by whoever had not seen it yet. */
const refused = () => world.chain.transactions.filter((tx) => tx.refused === "CONTRACT_Paused");
const kinds = () => told.map(({ kind }) => kind).filter((kind) => kind === "paused" || kind === "resumed");
const everyonePaused = () => world.miners.every(({ miner }) => miner.status().pausedSince !== null);

describe("miners of a federation that is paused", () => {
  afterEach(async () => {
    await world.stop();
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
  });

  it("wait, say so once, and agree the round when it goes on, later by the pause", async () => {
    await started();
    const { proposeUntil } = world.round(1);
    await world.submitAll([0]);
    hold(world.chain, 30 * DAY);
    await world.until(everyonePaused, "everyone waits");
    const before = refused().length;
    // Updates are still taken: nothing of them is on the chain.
    await world.submitAll([1, 2]);
    await world.clock.sleep(LONG * 1_000);
    expect(world.round(1)).to.deep.include({ status: "open", candidates: [] });
    expect(refused().length).to.equal(before);
    expect(kinds()).to.deep.equal(["paused"]);
    release(world.chain);
    await world.agreed(1);
    expect(world.round(1).proposeUntil).to.be.at.least(proposeUntil + LONG);
    expect(world.round(1).candidates[0]!.candidate.updateCount).to.equal(3);
    expect(kinds()).to.deep.equal(["paused", "resumed"]);
    expect(world.miners[0]!.miner.status().pausedSince).to.equal(null);
  });

  it("lose no vote, though one is killed in the pause and comes back after it", async () => {
    await started({ miners: 4 });
    await world.submitAll();
    await world.until(() => world.round(1).candidates.length === 1, "a candidate");
    hold(world.chain, 30 * DAY);
    await world.until(everyonePaused, "everyone waits");
    const before = refused().length;
    await world.kill(2);
    await world.clock.sleep(LONG * 1_000);
    expect(world.round(1).status).to.equal("open");
    expect(refused().length).to.equal(before);
    release(world.chain);
    await world.restart(2);
    await world.agreed(1);
    expect(world.round(1).candidates).to.have.length(1);
    await world.until(() => world.chain.rounds.length === 2, "round 2");
  });

  it("end a pause that lasts longer than it may, one of them", async () => {
    await started();
    await world.submitAll();
    hold(world.chain, LONG);
    await world.until(() => world.chain.pause === null, "the end of the pause", 2 * LONG);
    expect(world.sent("resume")).to.have.length(1);
    await world.agreed(1);
  });
});
