import { expect } from "chai";
import { BUDGET, DEMO, fixture, GENESIS_ROOT, STAKE } from "./support/federation.ts";
import { agree, content } from "./support/round.ts";

describe("opening", () => {
  it("needs two active miners", async () => {
    const f = await fixture({ stakes: [STAKE], unopened: true });
    const open = f.consensus.openRound();
    await expect(open).to.be.revertedWithCustomError(f.consensus, "NotEnoughMiners").withArgs(1n, 2n);
  });

  it("needs a round's budget in the pot", async () => {
    const f = await fixture({ unopened: true, fund: BUDGET - 1n });
    const open = f.consensus.openRound();
    await expect(open)
      .to.be.revertedWithCustomError(f.consensus, "PotTooSmall")
      .withArgs(BUDGET - 1n, BUDGET);
  });

  it("is open to anyone, binds base, parameters and the block before", async () => {
    const f = await fixture({ unopened: true });
    const tx = await f.consensus.connect(f.stranger).openRound();
    const receipt = (await tx.wait())!;
    const parent = (await f.ethers.provider.getBlock(receipt.blockNumber - 1))!.hash;
    const { chainId } = await f.ethers.provider.getNetwork();
    const expected = f.ethers.keccak256(
      f.ethers.AbiCoder.defaultAbiCoder().encode(
        ["uint256", "address", "uint64", "bytes32", "bytes32", "bytes32"],
        [
          chainId,
          await f.consensus.getAddress(),
          1,
          GENESIS_ROOT,
          await f.consensus.parametersHash(),
          parent,
        ],
      ),
    );
    const info = await f.lens.roundInfo(1n);
    expect(info.openingHash).to.equal(expected);
    expect([info.members, info.updateTarget, info.phase]).to.deep.equal([2n, 3n, 1n]);
    await expect(tx).to.emit(f.consensus, "RoundOpened").withArgs(1n, expected, GENESIS_ROOT, 2n, 3n);
  });

  it("reverts while a round is open", async () => {
    const f = await fixture();
    const open = f.consensus.openRound();
    await expect(open).to.be.revertedWithCustomError(f.consensus, "RoundAlreadyOpen").withArgs(1n);
  });

  it("keeps the interval between openings", async () => {
    const f = await fixture({ parameters: { minRoundInterval: 3_600n } });
    const { openedAt } = await f.lens.roundInfo(1n);
    const { settlement } = await agree(f, content("a"));
    await expect(settlement).not.to.emit(f.consensus, "RoundOpened");
    const open = f.consensus.openRound();
    await expect(open)
      .to.be.revertedWithCustomError(f.consensus, "RoundTooSoon")
      .withArgs(openedAt + 3_600n);
    await f.helpers.time.increaseTo(openedAt + 3_600n);
    await f.consensus.openRound();
    expect(await f.consensus.currentRound()).to.equal(2n);
  });

  it("refuses to overwrite a round that is not final", async () => {
    const f = await fixture({ ringSlots: 2n, parameters: { challengeWindow: 180n } });
    await agree(f, content("1"));
    await agree(f, content("2"));
    // Slots for two rounds: 2 is not final while 3 runs, so 4 cannot open.
    const failed = await f.lens.roundInfo(2n);
    await f.helpers.time.increaseTo((await f.lens.roundInfo(3n)).lastSlotEnd + 1n);
    await f.consensus.failRound(3n);
    await f.consensus.openRound();
    expect((await f.lens.roundInfo(4n)).round).to.equal(4n);
    await expect(f.lens.roundInfo(2n))
      .to.be.revertedWithCustomError(f.consensus, "UnknownRound")
      .withArgs(2n);
    expect(failed.status).to.equal(2n);
  });

  it("of the next round waits for finality when the ring is full", async () => {
    const f = await fixture();
    await agree(f, content("1"));
    const first = await f.lens.roundInfo(1n);
    // From a slow federation to a quick one: rounds never become final before earlier ones.
    await f.consensus.setParameters({ ...DEMO, collectMin: 2n, minRoundInterval: 1n, challengeWindow: 10n });
    for (let r = 2n; r <= 5n; ++r) await agree(f, content(`${r}`));
    const { settlement } = await agree(f, content("6"));
    await expect(settlement).to.emit(f.consensus, "RoundAgreed");
    await expect(settlement).not.to.emit(f.consensus, "RoundOpened");
    expect((await f.lens.roundInfo(6n)).finalAt).to.equal((await f.lens.roundInfo(2n)).finalAt);
    const open = f.consensus.openRound();
    await expect(open)
      .to.be.revertedWithCustomError(f.consensus, "RoundNotFinal")
      .withArgs(1n, first.finalAt);
    await f.helpers.time.increaseTo(first.finalAt);
    await f.consensus.openRound();
    expect(await f.consensus.currentRound()).to.equal(7n);
  });
});
