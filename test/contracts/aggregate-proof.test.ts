// The proof as TypeScript builds it, from whole models, against the contract that judges it.
import { expect } from "chai";
import { aggregate, committedProof, FEDAVG_ON_CHAIN, flipped } from "./support/disputes.ts";
import { deployFederation, type Federation } from "./support/federation.ts";
import { candidateId, propose, sorted, vote } from "./support/round.ts";

const BIT_12 = 1 << 12;
const COUNT = 3;

describe("proof of a wrong aggregate", () => {
  let f: Federation;

  beforeEach(async () => {
    f = await deployFederation({ rule: FEDAVG_ON_CHAIN });
  });

  async function stakes() {
    return Promise.all(f.miners.map(async ({ address }) => (await f.minerRegistry.minerInfo(address)).stake));
  }

  it("strikes an open candidate and costs its signer half the stake", async () => {
    const wrong = flipped(aggregate(COUNT), BIT_12);
    await propose(f, wrong.content, [0]);
    const before = await stakes();
    const call = await committedProof(f, wrong);
    await expect(f.faultProofs!.connect(f.stranger).proveAggregate(...call))
      .to.emit(f.consensus, "CandidateStruck")
      .withArgs(1n, await candidateId(f, wrong.content));
    const lost = (await stakes()).map((stake, i) => before[i]! - stake);
    expect(lost.filter((stake) => stake > 0n)).to.deep.equal([before[0]! / 2n]);
  });

  it("takes back a round that agreed on it", async () => {
    const wrong = flipped(aggregate(COUNT), BIT_12);
    const base = (await f.consensus.head()).modelRoot;
    await propose(f, wrong.content);
    const call = await committedProof(f, wrong);
    const votes = await Promise.all(f.miners.map((miner) => vote(f, miner)));
    await f.consensus.settle(1n, sorted(votes), wrong.content);
    expect((await f.consensus.head()).modelRoot).to.equal(wrong.content.modelRoot);
    await f.faultProofs!.connect(f.stranger).proveAggregate(...call);
    expect((await f.consensus.head()).modelRoot).to.equal(base);
  });

  it("refuses to call a right aggregate wrong", async () => {
    const right = aggregate(COUNT);
    await propose(f, right.content, [0]);
    const call = await committedProof(f, right);
    await expect(f.faultProofs!.connect(f.stranger).proveAggregate(...call)).to.be.revertedWithCustomError(
      f.faultProofs!,
      "CoordinateRight",
    );
  });
});
