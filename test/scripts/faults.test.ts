import { expect } from "chai";
import { openEvidence } from "../../coordinator/adapters/evidence/file-evidence.ts";
import type { MinerDeps } from "../../coordinator/node/types.ts";
import type { MinerService } from "../../coordinator/ports/transport.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import type { SignedUpdate } from "../../coordinator/protocol/round/references.ts";
import { FAULTS, type Fault, SERVICE_FAULTS } from "../../scripts/demo/faults.ts";
import { TestWorld } from "../node/harness.ts";

/** Miner 0 is the faulty one, and the primary of every round. */
describe("a miner that deals double", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  /** Plays a round; resolves with what miner 1 has seen. */
  async function play(fault: Fault, miners: number) {
    const evidence = openEvidence();
    world = new TestWorld({
      miners,
      tamper: (deps, index) =>
        index === 0 ? FAULTS[fault](deps) : index === 1 ? { ...deps, evidence } : deps,
      answer: (service, deps, index) => (index === 0 && SERVICE_FAULTS[fault]?.(service, deps)) || service,
    });
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i))));
    await world.until(() => world.chain.rounds[0]!.status !== "open", "round 1 over", 600);
    return evidence;
  }

  it("with its votes leaves both with whoever it sent them to", async () => {
    const evidence = await play("two-votes", 3);
    const [found] = evidence.contradictions();
    expect(found!.signer).to.equal(world.miners[0]!.address);
    expect(found!.first.kind).to.equal("Vote");
  });

  it("with its manifests leaves both with the secondary, and the round goes on with the second", async () => {
    const evidence = await play("two-manifests", 2);
    const [found] = evidence.contradictions();
    expect(found!.signer).to.equal(world.miners[0]!.address);
    expect(found!.first.kind).to.equal("Manifest");
    expect(world.chain.rounds[0]!.candidates).to.have.length(1);
  });

  it("by copying a proposal signs the same candidate as its author", async () => {
    const evidence = await play("copies", 2);
    expect(evidence.contradictions()).to.deep.equal([]);
    const [{ candidates, status }] = world.chain.rounds as [(typeof world.chain.rounds)[0]];
    expect(status).to.equal("agreed");
    expect(candidates).to.have.length(1);
    expect(candidates[0]!.signers).to.have.length(2);
  });
});

/** Their noes must not be refuted first: what they pay for is what they keep back. */
describe("a miner that withholds", () => {
  const BYTES = new Uint8Array([1]);

  it("its model finds no rival's, so that it names no weight of it", async () => {
    const rival = `0x${"11".repeat(32)}` as Hex;
    const currentRound = async () => ({ candidates: [{ candidate: { modelCid: rival } }] });
    const honest = { chain: { currentRound }, content: { get: async () => BYTES } } as unknown as MinerDeps;
    const { content } = FAULTS["withholds-model"](honest);
    const missing = await content.get(rival, { maxBytes: 1 }).catch((error: unknown) => error);
    expect(missing).to.satisfy((error: unknown) => isQuorateError(error, "CONTENT_UNAVAILABLE"));
    expect(await content.get(`0x${"22".repeat(32)}`, { maxBytes: 1 })).to.equal(BYTES);
  });

  it("an update serves all others of the round, and tells no address and sees no request", async () => {
    const update = (client: number, round: bigint) =>
      ({
        client: `0x${String(client).repeat(40)}`,
        update: { round, modelCid: `0x${client}${round}`.padEnd(66, "0") },
      }) as unknown as SignedUpdate;
    const service = { submitUpdate: async () => ({}), content: async () => BYTES } as unknown as MinerService;
    const faulty = SERVICE_FAULTS["withholds-update"]!(service, {} as MinerDeps);
    const updates = [update(2, 1n), update(3, 1n), update(1, 1n), update(2, 2n)];
    for (const signed of updates) await faulty.submitUpdate(signed, BYTES);
    const served = await Promise.all(updates.map(({ update: { modelCid } }) => faulty.content(modelCid)));
    expect(served).to.deep.equal([BYTES, undefined, BYTES, undefined]);
    const { store, chain } = FAULTS["withholds-update"]({ store: {}, chain: {} } as unknown as MinerDeps);
    expect([store.addresses?.(), await chain.leafRequests()]).to.deep.equal([[], []]);
  });
});
