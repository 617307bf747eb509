import { expect } from "chai";
import { BUDGET, DEMO, deployFederation, type Federation, fixture } from "./support/federation.ts";
import { agree, content, payoutTree, plain } from "./support/round.ts";

describe("reverting a round", () => {
  async function threeAgreed() {
    const f = await deployFederation();
    const heads = [plain(await f.consensus.head())];
    for (let r = 1n; r <= 3n; ++r) {
      const tree = payoutTree([[f.clients[0]!.address, BUDGET * r]]);
      await agree(
        f,
        content(`${r}`, { payoutsRoot: tree.root, payoutsTotal: BUDGET * r, updateCount: r + 3n }),
      );
      heads.push(plain(await f.consensus.head()));
    }
    const openings = [];
    for (const round of [1n, 2n, 3n, 4n]) openings.push(await openingOf(f, round));
    return { f, heads, openings, reverter: f.consensus.connect(f.stranger) };
  }

  /** What round `round` was opened with, from its event and the block before. */
  async function openingOf(f: Federation, round: bigint) {
    const [log] = await f.consensus.queryFilter(f.consensus.filters.RoundOpened(round));
    const before = await f.ethers.provider.getBlock(log!.blockNumber - 1);
    const { baseRoot } = log!.args;
    return { baseRoot, parametersHash: await f.consensus.parametersHash(), previousBlockHash: before!.hash! };
  }

  it("takes head, payouts and target back, voids everything later, and openRound goes on", async () => {
    const { f, heads, openings, reverter } = await threeAgreed();
    const rule = await f.minerRegistry.minerInfo(f.miners[0]!.address);
    await expect(reverter.revertRound(2n, openings[1]!))
      .to.emit(f.consensus, "RoundReverted")
      .withArgs(2n, 1n, heads[1]!.modelRoot)
      .and.to.emit(f.consensus, "RoundVoided");
    expect(plain(await f.consensus.head())).to.deep.equal(heads[1]);
    const status = await Promise.all([1n, 2n, 3n, 4n].map((r) => f.consensus.statusOf(r)));
    expect(status).to.deep.equal([2n, 4n, 5n, 5n]);
    expect(await f.consensus.isFinal(3n)).to.equal(false);
    await expect(f.distributor.payout(2n)).to.be.revertedWithCustomError(f.distributor, "UnknownSettlement");
    expect(await f.distributor.latest()).to.equal(1n);
    expect((await f.minerRegistry.minerInfo(f.miners[0]!.address)).reputation).to.equal(rule.reputation);
    await f.helpers.time.increase(60);
    await f.consensus.openRound();
    const info = await f.lens.roundInfo(5n);
    expect(info.updateTarget).to.equal(4n);
    const tree = payoutTree([[f.clients[0]!.address, BUDGET * 2n]]);
    await agree(f, content("5", { payoutsRoot: tree.root, payoutsTotal: BUDGET * 2n, updateCount: 4n }));
    expect((await f.consensus.head()).settlement).to.equal(2n);
    expect((await f.distributor.payout(2n)).round).to.equal(5n);
    await f.helpers.time.increaseTo((await f.distributor.payout(2n)).finalAt);
    expect(await f.distributor.latestFinal()).to.equal(2n);
  });

  it("goes back to the genesis model, too", async () => {
    const { f, heads, openings, reverter } = await threeAgreed();
    await reverter.revertRound(1n, openings[0]!);
    expect(plain(await f.consensus.head())).to.deep.equal(heads[0]);
    await f.helpers.time.increase(60);
    await f.consensus.openRound();
    // The target of a first round again: the registered clients.
    expect((await f.lens.roundInfo(5n)).updateTarget).to.equal((await f.lens.roundInfo(1n)).updateTarget);
  });

  it("is refused: to anyone but the fault proofs, for a wrong opening, an open, failed or final round", async () => {
    const { f, openings, reverter } = await threeAgreed();
    const none = f.consensus.connect(f.miners[0]!).revertRound(2n, openings[1]!);
    await expect(none).to.be.revertedWithCustomError(f.consensus, "OnlyFaultProofs");
    const right = openings[1]!;
    const wrong = [
      openings[0]!,
      openings[2]!,
      { ...right, baseRoot: openings[0]!.baseRoot },
      { ...right, parametersHash: right.baseRoot },
      { ...right, previousBlockHash: openings[2]!.previousBlockHash },
    ];
    for (const opening of wrong) {
      await expect(reverter.revertRound(2n, opening)).to.be.revertedWithCustomError(
        f.consensus,
        "WrongOpening",
      );
    }
    await expect(reverter.revertRound(4n, openings[3]!)).to.be.revertedWithCustomError(
      f.consensus,
      "NotRevertible",
    );
    await expect(reverter.revertRound(9n, openings[0]!)).to.be.revertedWithCustomError(
      f.consensus,
      "UnknownRound",
    );
    await f.helpers.time.increaseTo((await f.lens.roundInfo(2n)).finalAt);
    const final = reverter.revertRound(2n, openings[1]!);
    await expect(final).to.be.revertedWithCustomError(f.consensus, "AlreadyFinal");
  });

  it("keeps paid what was final before", async () => {
    const { f, openings, reverter } = await threeAgreed();
    const account = f.clients[0]!.address;
    await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
    const { finalAt } = await f.lens.roundInfo(2n);
    if (BigInt(await f.helpers.time.latest()) >= finalAt) return;
    await f.distributor.claim(1n, account, BUDGET, payoutTree([[account, BUDGET]]).getProof(0));
    await reverter.revertRound(2n, openings[1]!);
    expect(await f.distributor.totalClaimed()).to.equal(BUDGET);
    const three = payoutTree([[account, BUDGET * 3n]]);
    const gone = f.distributor.claim(3n, account, BUDGET * 3n, three.getProof(0));
    await expect(gone).to.be.revertedWithCustomError(f.distributor, "UnknownSettlement");
  });

  it("a round is final only when all earlier ones are", async () => {
    const f = await fixture({ ringSlots: 16n, parameters: { challengeWindow: 2_000n } });
    await agree(f, content("1"));
    const first = (await f.lens.roundInfo(1n)).finalAt;
    await f.consensus.setParameters({ ...DEMO, challengeWindow: 10n });
    await agree(f, content("2"));
    await agree(f, content("3"));
    expect((await f.lens.roundInfo(3n)).finalAt >= first).to.equal(true);
    await f.helpers.time.increaseTo(first - 1n);
    expect([await f.consensus.isFinal(1n), await f.consensus.isFinal(3n)]).to.deep.equal([false, false]);
    await f.helpers.time.increaseTo((await f.lens.roundInfo(3n)).finalAt);
    expect([await f.consensus.isFinal(1n), await f.consensus.isFinal(3n)]).to.deep.equal([true, true]);
  });
});
