import { expect } from "chai";
import type { InventoryMessage } from "../../coordinator/ports/transport.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { modelRootOfBytes } from "../../coordinator/protocol/model/model-root.ts";
import type { Update } from "../../coordinator/protocol/round/messages.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "../../coordinator/protocol/round/references.ts";
import { winnerOf } from "./fake-state.ts";
import { DOMAIN, doubleSignatures } from "./parts.ts";
import { type Scenario, started } from "./scenario.ts";

let world: Scenario;

describe("rounds of a federation", () => {
  afterEach(async () => {
    await world.stop();
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
  });

  it("end with one candidate signed by both miners and two transactions, round after round", async () => {
    world = await started();
    for (let number = 1; number <= 4; number++) {
      await world.until(() => world.chain.rounds.length === number, `round ${number}`);
      await world.submitAll();
      await world.agreed(number);
      expect(world.round(number).candidates).to.have.length(1);
      expect(world.round(number).candidates[0]!.signers).to.have.length(2);
      expect(world.round(number).settledVoters).to.have.length(2);
      expect(world.votesOf(number).map(({ vote }) => vote.confidence)).to.deep.equal([10_000, 10_000]);
      expect(world.sent("propose", number)).to.have.length(1);
      expect(world.sent("settle", number)).to.have.length(1);
    }
    // Payouts are cumulative: four budgets in all.
    expect(world.round(4).candidates[0]!.candidate.payoutsTotal).to.equal(4_000n);
  });

  it("take no more than the collecting time and a few polls", async () => {
    world = await started({ speed: 10 });
    const opened = world.clock.now();
    await world.submitAll();
    await world.agreed(1);
    // 3 s of collecting; the rest is polls of 100 ms and computation, ten times slower on this clock.
    expect(world.clock.now() - opened).to.be.lessThan(9_000);
  });

  it("end without an evaluator with a confidence of 8,000", async () => {
    world = await started({ evaluator: false });
    await world.submitAll();
    await world.agreed(1);
    expect(world.votesOf(1).map(({ vote }) => vote.confidence)).to.deep.equal([8_000, 8_000]);
  });

  it("stay in collect while nobody sends anything, and go on with the first client", async () => {
    world = await started();
    await world.clock.sleep(45_000);
    expect(world.chain.statuses()).to.deep.equal(["open"]);
    const first = world.submit(0, world.update(0));
    await world.until(() => world.chain.rounds.length === 2, "round 2");
    expect(world.round(1).status).to.equal("failed");
    expect((await first).round).to.equal(2n);
    await world.agreed(2);
    expect(world.round(2).candidates[0]!.candidate.updateCount).to.equal(1);
  });

  it("collect until the maximum when fewer than the expected updates come", async () => {
    world = await started();
    await world.submitAll([0, 2]);
    await world.agreed(1);
    const [candidate] = world.round(1).candidates;
    expect(candidate!.candidate.updateCount).to.equal(2);
    expect(candidate!.postedAt).to.be.at.least(world.round(1).collectMaxUntil);
    expect(candidate!.signers).to.have.length(2);
  });

  it("bring updates sent to one miner only into the candidate of both", async () => {
    world = await started();
    world.intercept = (method, endpoint, from) => {
      const other = from === "client 0" ? "http://miner-1" : "http://miner-0";
      if (method === "submitUpdate" && endpoint === other)
        throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await world.submitAll();
    await world.agreed(1);
    expect(world.round(1).candidates[0]!.candidate.updateCount).to.equal(3);
    expect(world.round(1).candidates[0]!.signers).to.have.length(2);
  });

  it("bring updates together through the manifest when announcements are lost", async () => {
    world = await started({ clients: 4, parameters: { collectMax: 6 } });
    world.intercept = (method, endpoint, from) => {
      if (method === "announceUpdate") throw new QuorateError("MINER_UNREACHABLE", "lost");
      const other = from === "client 0" ? "http://miner-1" : "http://miner-0";
      if (method === "submitUpdate" && endpoint === other)
        throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await world.submitAll();
    await world.agreed(1);
    expect(world.round(1).candidates[0]!.candidate.updateCount).to.equal(3);
    expect(world.round(1).candidates[0]!.signers).to.have.length(2);
  });

  it("take nothing from a list the secondary signed that its client did not sign", async () => {
    let named = 0;
    /** The secondary's inventory with one more entry, in the name of a client that sent nothing. */
    const withForged = async (inventory: InventoryMessage): Promise<InventoryMessage> => {
      const bytes = world.update(2);
      const [{ update }] = inventory.updates as [SignedUpdate];
      const modelCid = await world.miners[1]!.store.add(bytes);
      const forged: Update = { ...update, modelRoot: modelRootOfBytes(bytes), modelCid };
      const signature = await world.clients[0]!.sign(DOMAIN, "Update", forged);
      const updates = [
        ...inventory.updates,
        { client: world.clients[2]!.address, update: forged, signature },
      ];
      const message = {
        round: update.round,
        openingHash: update.openingHash,
        updatesHash: updatesHash(updates.map(referenceOf)),
      };
      named++;
      return {
        ...inventory,
        updates,
        signature: await world.miners[1]!.signer.sign(DOMAIN, "Inventory", message),
      };
    };
    world = await started({
      parameters: { collectMax: 6 },
      answer: (service, _, index) => ({
        ...service,
        exchangeManifest: async (round, inventory) =>
          service.exchangeManifest(round, index === 0 ? await withForged(inventory) : inventory),
      }),
    });
    await world.submitAll([0, 1]);
    await world.agreed(1);
    expect(named).to.be.at.least(1);
    expect(world.round(1).candidates.map(({ candidate }) => candidate.updateCount)).to.deep.equal([2]);
    expect(world.round(1).candidates[0]!.signers).to.have.length(2);
  });

  it("keep two different updates of a client, count the lowest, refuse a third", async () => {
    world = await started();
    const shifts = [0.011, 0.013, 0.017];
    const answers = [];
    for (const shift of shifts.slice(0, 2))
      answers.push(await world.submit(0, world.update(0, undefined, shift)));
    const roots = answers.map(({ modelRoot: root }) => root).sort();
    for (const { counts } of answers[1]!.acknowledged) expect(counts).to.equal(roots[0]);
    for (const { held } of answers[1]!.acknowledged) expect([...held].sort()).to.deep.equal(roots);
    const third = await world.submit(0, world.update(0, undefined, shifts[2])).catch((error) => error);
    expect(third.code).to.equal("UPDATE_NOT_ACKNOWLEDGED");
    expect(third.details.refused[0].code).to.equal("UPDATE_LIMIT");
    await world.submitAll([1, 2]);
    await world.agreed(1);
    const [posted] = world.round(1).candidates;
    expect(posted!.candidate.updateCount).to.equal(3);
    const used = await world.miners[0]!.miner.service.updates(1n);
    expect(used).to.have.length(4);
  });

  it("have two candidates if the primary's list leaves out a client the secondary acknowledged", async () => {
    world = await started({ clients: 4, parameters: { collectMax: 6 } });
    let primarySigned = false;
    world.miners[0]!.miner.on(({ kind }) => {
      if (kind === "manifest") primarySigned = true;
    });
    world.intercept = (method, endpoint, from) => {
      if (method === "announceUpdate") throw new QuorateError("MINER_UNREACHABLE", "lost");
      if (method === "exchangeManifest" && !primarySigned) throw new QuorateError("NOT_YET", "lost");
      if (method === "submitUpdate" && endpoint === "http://miner-0" && from === "client 0")
        throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await world.submitAll();
    await world.agreed(1);
    const counts = world.round(1).candidates.map(({ candidate }) => candidate.updateCount);
    expect(counts.toSorted()).to.deep.equal([2, 3]);
    expect(winnerOf(world.round(1))!.rank).to.equal(0);
  });
});
