import { expect } from "chai";
import { BUDGET, deployFederation, ONE } from "./support/federation.ts";
import { agree, candidateId, content, payoutTree } from "./support/round.ts";

describe("a whole round by two miners signing by script", () => {
  it("goes from opening to claims, round after round", async () => {
    const f = await deployFederation();
    let owed = f.clients.map((): bigint => 0n);
    for (let r = 1n; r <= 8n; ++r) {
      const shares = [BUDGET / 2n, BUDGET / 4n, BUDGET / 4n];
      owed = owed.map((o, i) => o + shares[i]!);
      const tree = payoutTree(f.clients.map((c, i) => [c.address, owed[i]!]));
      const c = content(`round ${r}`, { payoutsRoot: tree.root, payoutsTotal: BUDGET * r });
      const id = await candidateId(f, c);
      const { round, proposal, settlement } = await agree(f, c);
      expect(round).to.equal(r);
      await expect(proposal).to.emit(f.consensus, "CandidatePosted");
      await expect(settlement)
        .to.emit(f.consensus, "RoundAgreed")
        .withArgs(r, id, r, c.payoutsRoot, c.payoutsTotal, 10_000n, 10_000n, (x: bigint) => x > 0n);
      await expect(settlement).to.emit(f.consensus, "RoundOpened");
      expect((await f.consensus.head()).modelRoot).to.equal(c.modelRoot);
      const { finalAt } = await f.lens.roundInfo(r);
      if ((await f.helpers.time.latest()) < finalAt) await f.helpers.time.increaseTo(finalAt);
      for (const [index, [account, cumulative]] of tree.entries()) {
        const tx = await f.distributor.claim(r, account, cumulative, tree.getProof(index));
        const claimGas = (await tx.wait())!.gasUsed;
        if (process.env.GAS) console.log("claim", claimGas);
      }
      if (process.env.GAS)
        console.log(
          "propose",
          (await proposal.wait())!.gasUsed,
          "settle",
          (await settlement.wait())!.gasUsed,
        );
    }
    const paid = await Promise.all(f.clients.map((c) => f.token.balanceOf(c.address)));
    expect(paid).to.deep.equal(owed);
    expect(await f.distributor.totalClaimed()).to.equal(BUDGET * 8n);
    const info = await f.minerRegistry.minerInfo(f.miners[0]!.address);
    expect(info.reputation).to.equal((18n * ONE) / 10n);
  });
});
