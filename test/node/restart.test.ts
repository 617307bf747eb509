import { expect } from "chai";
import type { MinerEvent } from "../../coordinator/node/types.ts";
import { TestWorld } from "./harness.ts";
import { doubleSignatures } from "./parts.ts";

/** When the miner is killed: at the first event of this kind in round 1. */
const MOMENTS: readonly MinerEvent["kind"][] = [
  "round",
  "update",
  "manifest",
  "candidate",
  "posted",
  "vote",
  "settled",
];

describe("a miner killed and started again", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  for (const victim of [0, 1])
    for (const moment of MOMENTS) {
      if (victim === 1 && ["posted", "settled"].includes(moment)) continue;
      it(`as ${victim === 0 ? "primary" : "secondary"} at "${moment}" signs nothing twice and goes on`, async () => {
        world = new TestWorld();
        let dead = false;
        const off = world.miners[victim]!.miner.on((event) => {
          if (event.kind !== moment || dead) return;
          dead = true;
          // At once: whatever this miner was doing, no message of it arrives any more.
          world.unreachable.add(world.miners[victim]!.endpoint);
        });
        await world.start();
        await world.until(() => world.chain.rounds.length >= 1, "round 1");
        const sending = [0, 1, 2].map((i) => world.submit(i, world.update(i)).catch((error) => error));
        await world.until(() => dead, `the event ${moment}`);
        off();
        await world.kill(victim);
        await world.clock.sleep(500);
        await world.restart(victim);
        await Promise.all(sending);
        // What a client could not bring to the dead miner reaches it through the living one.
        await world.until(() => world.chain.rounds[0]!.status === "agreed", "round 1 agreed");
        expect(world.chain.rounds[0]!.candidates).to.have.length(1);
        for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
      });
    }

  it("has its updates, receipts and votes again", async () => {
    world = new TestWorld({ parameters: { collectMin: 60, collectMax: 90 } });
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    const bytes = world.update(0);
    const first = await world.submit(0, bytes);
    await world.kill(0);
    await world.restart(0);
    await world.until(() => world.miners[0]!.miner.status().updates === 1, "the update in the pool");
    const again = await world.submit(0, bytes);
    expect(again.acknowledged).to.deep.equal(first.acknowledged);
    const receipts = world.miners[0]!.signer.signed.filter(({ kind }) => kind === "Receipt");
    expect(receipts).to.have.length(1);
    expect(await world.miners[0]!.miner.service.updates(1n)).to.have.length(1);
  });

  it("killed over and over signs nothing twice, and rounds go on", async () => {
    world = new TestWorld({ speed: 15 });
    await world.start();
    const started = world.clock.now();
    let turn = 0;
    let over = false;
    const clients = (async () => {
      for (let seen = 0n; !over; await world.clock.sleep(300)) {
        const view = world.chain.current();
        if (view?.status !== "open" || view.round === seen) continue;
        seen = view.round;
        // Too few updates or a dead miner: the next round is another chance.
        const files = [0, 1, 2].map((i) => world.update(i, undefined, 0.001 * Number(view.round)));
        await Promise.allSettled(files.map((bytes, i) => world.submit(i, bytes)));
      }
    })();
    while (world.clock.now() - started < 100_000) {
      const victim = turn++ % 2;
      await world.clock.sleep(400 + ((turn * 733) % 2_900));
      await world.kill(victim);
      await world.clock.sleep(100 + ((turn * 311) % 900));
      await world.restart(victim);
    }
    over = true;
    await clients;
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
    expect(world.chain.statuses().filter((status) => status === "agreed").length).to.be.at.least(2);
  });
});
