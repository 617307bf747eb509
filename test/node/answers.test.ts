// Leaves that are asked for on chain, shown by miners that answer for them.
import { expect } from "chai";
import { leafOpening, leafRequest, leafRequestId } from "../../coordinator/protocol/faults/leaf.ts";
import { parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import { decodeManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import { type Scenario, started } from "./scenario.ts";

describe("answers to requests for a leaf", () => {
  let world: Scenario;
  afterEach(() => world.stop());

  /** Asks for the first leaf of update `index`, or of the model, of the first round's candidate. */
  async function ask(index: number | null) {
    const [posted] = world.round(1).candidates;
    const { store } = world.miners[0]!;
    const { updates } = decodeManifestFile(await store.read(posted!.candidate.manifestCid));
    const { modelRoot, modelCid } = index === null ? posted!.candidate : updates[index]!.update;
    const id = leafRequest(posted!.id, { round: 1n, index, leaf: 0, modelRoot });
    const key = leafRequestId(id);
    const dueAt = world.chain.time() + 600;
    world.chain.leafRequests.push({ key, id, candidate: posted!.candidate, dueAt });
    world.chain.block++;
    return { key, opening: leafOpening(parseModel(await store.read(modelCid)), 0) };
  }

  for (const [what, index] of [
    ["an update", 1],
    ["the model", null],
  ] as const)
    it(`are given for ${what}, once, after the round too`, async () => {
      world = await started();
      await world.submitAll();
      await world.agreed(1);
      const { key, opening } = await ask(index);
      await world.until(() => world.chain.answers.has(key), "an answer");
      expect(world.chain.answers.get(key)).to.equal(opening);
      await world.submitAll();
      await world.agreed(2);
      expect(world.chain.transactions.filter(({ method }) => method === "answerLeaf")).to.have.length(1);
    });

  it("are not given for what a miner neither signed nor voted for", async () => {
    world = await started();
    await world.submitAll();
    await world.agreed(1);
    const { key } = await ask(0);
    const [asked] = world.chain.leafRequests;
    const foreign = { ...asked!.id, candidate: `0x${"77".repeat(32)}` as const };
    world.chain.leafRequests.unshift({ ...asked!, id: foreign, key: leafRequestId(foreign) });
    await world.until(() => world.chain.answers.has(key), "an answer");
    expect(world.chain.answers.size).to.equal(1);
    expect(world.chain.leafRequests).to.have.length(1);
  });
});
