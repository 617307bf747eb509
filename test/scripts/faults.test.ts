import { expect } from "chai";
import { openEvidence } from "../../coordinator/adapters/evidence/file-evidence.ts";
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
