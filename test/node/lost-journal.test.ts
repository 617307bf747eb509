import { expect } from "chai";
import { TestWorld } from "./harness.ts";
import { createTestJournal, doubleSignatures } from "./parts.ts";

const ONCE = ["Manifest", "Candidate", "Vote"];

/** Miner 0 is the primary of every round. */
describe("a miner whose journal is lost", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  /** Kills miner 0 and takes its journal away. */
  const lose = async () => {
    await world.kill(0);
    world.miners[0] = { ...world.miners[0]!, journal: createTestJournal(true) };
    await world.restart(0);
  };
  const signedIn = (round: bigint) =>
    world.miners[0]!.signer.signed.filter(
      ({ kind, message }) => ONCE.includes(kind) && (message as { round: bigint }).round === round,
    ).length;

  it("signs nothing in the round that is open, and takes part in the next", async () => {
    world = new TestWorld();
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    const sending = [0, 1, 2].map((i) => world.submit(i, world.update(i)));
    await world.until(() => signedIn(1n) > 0, "a signature of round 1");
    world.unreachable.add(world.miners[0]!.endpoint);
    const before = signedIn(1n);
    await lose();
    await Promise.all(sending);
    await world.until(() => world.chain.rounds[0]!.status !== "open", "round 1 over", 600);
    expect(signedIn(1n)).to.equal(before);
    await world.until(() => world.chain.rounds.length === 2, "round 2", 600);
    await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i))));
    await world.until(() => world.chain.rounds[1]!.status === "agreed", "round 2 agreed", 600);
    expect(signedIn(2n)).to.equal(3);
    expect(doubleSignatures(world.miners[0]!.signer)).to.deep.equal([]);
  });

  it("still keeps silent after another restart, and takes updates all the same", async () => {
    world = new TestWorld({ parameters: { collectMin: 30, collectMax: 60 } });
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    await lose();
    const { acknowledged } = await world.submit(0, world.update(0));
    expect(acknowledged).to.have.length(2);
    await world.kill(0);
    await world.restart(0);
    await world.until(() => world.chain.rounds[0]!.status !== "open", "round 1 over", 600);
    expect(signedIn(1n)).to.equal(0);
  });

  it("does not lose a round if none is open", async () => {
    world = new TestWorld();
    for (const [index, miner] of world.miners.entries())
      world.miners[index] = { ...miner, journal: createTestJournal(true) };
    world.chain.down = true;
    const starting = world.start();
    world.chain.down = false;
    await starting;
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i))));
    await world.until(() => world.chain.rounds[0]!.status === "agreed", "round 1 agreed");
  });
});
