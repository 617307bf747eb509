import { expect } from "chai";
import { BUDGET, fixture, GENESIS_ROOT, ONE, STAKE } from "./support/federation.ts";
import { agree, content, propose, sorted, vote } from "./support/round.ts";

const THREE = { stakes: [STAKE, STAKE, STAKE] };

describe("settle and fail", () => {
  it("in a wrong phase reverts", async () => {
    const f = await fixture();
    const c = content("x");
    await expect(f.consensus.settle(2n, [], c)).to.be.revertedWithCustomError(f.consensus, "RoundNotOpen");
    await expect(f.consensus.settle(1n, [], c)).to.be.revertedWithCustomError(f.consensus, "NoCandidate");
    await expect(f.consensus.failRound(2n)).to.be.revertedWithCustomError(f.consensus, "RoundNotOpen");
    const { lastSlotEnd } = await f.lens.roundInfo(1n);
    await expect(f.consensus.failRound(1n))
      .to.be.revertedWithCustomError(f.consensus, "TooEarlyToFail")
      .withArgs(lastSlotEnd + 1n);
  });

  it("waits for the other proposer's slot before an early settlement", async () => {
    const f = await fixture();
    const c = content("x");
    await propose(f, c, [0]);
    const votes = sorted([await vote(f, f.miners[0]!), await vote(f, f.miners[1]!)]);
    const { proposeDeadline } = await f.lens.roundInfo(1n);
    await f.helpers.time.setNextBlockTimestamp(proposeDeadline);
    await expect(f.consensus.settle(1n, votes, c)).to.be.revertedWithCustomError(f.consensus, "Undecided");
    await f.helpers.time.setNextBlockTimestamp(proposeDeadline + 1n);
    await expect(f.consensus.settle(1n, votes, c)).to.emit(f.consensus, "RoundAgreed");
  });

  it("needs the winner's content", async () => {
    const f = await fixture();
    await propose(f, content("x"));
    const votes = sorted([await vote(f, f.miners[0]!), await vote(f, f.miners[1]!)]);
    const settle = f.consensus.settle(1n, votes, content("other"));
    await expect(settle).to.be.revertedWithCustomError(f.consensus, "WrongContent");
  });

  it("fails a round without a candidate after the last slot; nobody's record changes", async () => {
    const f = await fixture(THREE);
    const { lastSlotEnd } = await f.lens.roundInfo(1n);
    await f.helpers.time.setNextBlockTimestamp(lastSlotEnd + 1n);
    await expect(f.consensus.failRound(1n)).to.emit(f.consensus, "RoundFailed");
    const info = await f.minerRegistry.minerInfo(f.miners[0]!.address);
    expect([info.absences, info.reputation]).to.deep.equal([0n, ONE]);
    expect((await f.consensus.progress()).ballots).to.equal(0n);
    await f.consensus.openRound();
    expect((await f.consensus.head()).modelRoot).to.equal(GENESIS_ROOT);
    expect((await f.lens.roundInfo(2n)).updateTarget).to.equal(3n);
  });

  it("fails a round with a candidate only after grace; the absent lose 0.05, those on chain nothing", async () => {
    const f = await fixture(THREE);
    await propose(f, content("x"));
    await f.consensus.castVote(1n, await vote(f, f.miners[0]!, { support: false }));
    const { graceEnd } = await f.lens.roundInfo(1n);
    await f.helpers.time.setNextBlockTimestamp(graceEnd);
    await expect(f.consensus.failRound(1n)).to.be.revertedWithCustomError(f.consensus, "TooEarlyToFail");
    await f.helpers.time.setNextBlockTimestamp(graceEnd + 1n);
    await expect(f.consensus.failRound(1n))
      .to.emit(f.consensus, "RoundFailed")
      .withArgs(1n, 1n, 3_333n, (x: bigint) => x > graceEnd);
    const rows = await Promise.all(f.miners.map((m) => f.minerRegistry.minerInfo(m.address)));
    expect(rows.map((r) => [r.absences, r.reputation])).to.deep.equal([
      [0n, ONE],
      [1n, (95n * ONE) / 100n],
      [1n, (95n * ONE) / 100n],
    ]);
  });

  it("of a settlement with yes votes above the budget pays nobody and keeps the old root", async () => {
    const f = await fixture();
    const first = content("1", { payoutsTotal: BUDGET });
    await agree(f, first);
    for (const [salt, total] of [
      ["over", BUDGET * 2n + 1n],
      ["under", BUDGET - 1n],
      ["huge", 2n ** 255n],
    ] as const) {
      const bad = content(salt, { payoutsTotal: total });
      const { settlement } = await agree(f, bad);
      await expect(settlement).to.emit(f.consensus, "RoundAgreed");
      const s = (await f.consensus.head()).settlement;
      const payout = await f.distributor.payout(s);
      expect([payout.root, payout.total]).to.deep.equal([first.payoutsRoot, BUDGET]);
    }
    expect((await f.consensus.head()).payoutsTotal).to.equal(BUDGET);
  });

  it("does not open the next round when the pot cannot pay it; openRound does once funded", async () => {
    const f = await fixture({ fund: BUDGET * 2n - 1n });
    const { settlement } = await agree(f, content("1", { payoutsTotal: BUDGET }));
    await expect(settlement).not.to.emit(f.consensus, "RoundOpened");
    await expect(f.consensus.openRound()).to.be.revertedWithCustomError(f.consensus, "PotTooSmall");
    await f.token.approve(f.distributor, 1n);
    await f.distributor.fund(1n);
    await f.consensus.openRound();
  });
});
