import { expect } from "chai";
import { createRoundWatch } from "../../coordinator/node/round-watch.ts";
import { bySubject, fewPerClient, subjectOf } from "../../coordinator/node/update-lists.ts";
import { createUpdatePool } from "../../coordinator/node/update-pool.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import type { SignedUpdate } from "../../coordinator/protocol/round/references.ts";
import { TestWorld } from "./harness.ts";
import { createSigner, DOMAIN, type RecordingSigner, recoverer } from "./parts.ts";

/** A list as a miner may answer with it; files are nowhere. */
async function entry(
  world: TestWorld,
  signer: RecordingSigner,
  number: number,
  forged = false,
): Promise<SignedUpdate> {
  const { round, openingHash, baseRoot } = world.chain.current()!;
  const hash = `0x${number.toString(16).padStart(64, "0")}` as const;
  const update = { round, openingHash, baseRoot, modelRoot: hash, modelCid: hash, sampleCount: 1n };
  const signature = await signer.sign(DOMAIN, "Update", update);
  return { client: signer.address, update, signature: forged ? `0x${"11".repeat(64)}` : signature };
}

describe("lists of updates that others give", () => {
  let world: TestWorld;
  before(async () => {
    world = new TestWorld({ parameters: { collectMin: 600, collectMax: 900 } });
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
  });
  after(() => world.stop());

  /** A pool that counts what it costs. */
  function pool() {
    const counts = { recovered: 0, clients: 0, fetched: 0, together: 0 };
    let inTurn = 0;
    const chain = world.chain.as(world.miners[0]!.address);
    const { federation } = world;
    const made = createUpdatePool({
      chain: {
        ...chain,
        client: () => expect.fail("one client is asked for"),
        clients: () => {
          counts.clients++;
          return chain.clients();
        },
      },
      store: world.miners[0]!.store,
      content: {
        get: async () => {
          counts.fetched++;
          throw new QuorateError("CONTENT_NOT_FOUND", "nowhere");
        },
      },
      recoverer: {
        recover: (...signed: Parameters<typeof recoverer.recover>) => {
          counts.recovered++;
          counts.together = Math.max(counts.together, ++inTurn);
          setImmediate(() => {
            inTurn = 0;
          });
          return recoverer.recover(...signed);
        },
      },
      clock: world.clock,
      federation,
      sha256: undefined,
      miner: world.miners[0]!.address,
      watch: createRoundWatch({ chain, clock: world.clock }),
      signing: undefined,
      emit: () => undefined,
      changed: () => undefined,
    } as never);
    return { pool: made, counts };
  }
  const limits = { milliseconds: 1_000, signal: new AbortController().signal };

  it("cost no signature and no question for each client that is not registered", async () => {
    const { pool: held, counts } = pool();
    const strangers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => entry(world, createSigner(`stranger ${i}`), i)),
    );
    const known = await entry(world, world.clients[0]!, 99);
    expect(await held.obtain([...strangers, known], limits)).to.deep.equal([]);
    expect(await held.obtain(strangers, limits)).to.deep.equal([]);
    expect(await held.ofClients([...strangers, known], world.chain.current()!)).to.deep.equal([known]);
    expect(counts).to.deep.equal({ recovered: 1, clients: 1, fetched: 1, together: 1 });
  });

  it("have their signatures looked at one in a turn of the event loop", async () => {
    const { pool: held, counts } = pool();
    const list = await Promise.all(
      Array.from({ length: 30 }, (_, i) => entry(world, world.clients[i % 3]!, i, i > 2)),
    );
    await held.obtain(list, limits);
    expect(counts).to.deep.equal({ recovered: 30, clients: 1, fetched: 3, together: 1 });
  });

  it("count by what is held and with as many of each client as it may send itself", async () => {
    const [a, b] = world.clients;
    const [one, two, three, four, other] = await Promise.all([
      entry(world, a!, 1),
      entry(world, a!, 2),
      entry(world, a!, 3),
      entry(world, a!, 4),
      entry(world, b!, 1),
    ]);
    expect(fewPerClient([], [one!, two!, one!, three!, other!])).to.deep.equal([one, two, other]);
    expect(fewPerClient([one!], [one!, two!, three!, four!])).to.deep.equal([two]);
    expect(fewPerClient([one!, two!], [three!, other!])).to.deep.equal([other]);
  });

  it("are found by subject, the first of those with one", async () => {
    const list = await Promise.all(Array.from({ length: 70 }, (_, i) => entry(world, world.clients[0]!, i)));
    const forged = { ...list[0]!, update: { ...list[0]!.update, modelCid: list[1]!.update.modelCid } };
    const found = await bySubject([...list, forged]);
    expect(found.size).to.equal(70);
    for (const signed of list) expect(found.get(subjectOf(signed))).to.equal(signed);
  });
});
