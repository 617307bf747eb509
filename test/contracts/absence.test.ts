import { expect } from "chai";
import { deployFederation, ONE, STAKE } from "./support/federation.ts";
import { agreeWithout, STATUS, statusOf } from "./support/miners.ts";
import { agree, content } from "./support/round.ts";

describe("absence", () => {
  const FOUR = { stakes: [STAKE, STAKE, STAKE, STAKE] };

  it("three times in eight lets anyone deactivate; reactivate brings back", async () => {
    const f = await deployFederation(FOUR);
    const lazy = f.miners[3]!.address;
    for (let r = 1; r <= 2; ++r) await agreeWithout(f, lazy);
    const two = f.minerRegistry.deactivate(lazy, 2n);
    await expect(two).to.be.revertedWithCustomError(f.minerRegistry, "BallotStillOpen").withArgs(2n);
    await f.helpers.time.increaseTo((await f.lens.roundInfo(2n)).voteDeadline + 1n);
    await expect(f.minerRegistry.deactivate(lazy, 2n))
      .to.be.revertedWithCustomError(f.minerRegistry, "TooFewAbsences")
      .withArgs(lazy, 2n, 3n);
    await agreeWithout(f, lazy);
    let info = await f.minerRegistry.minerInfo(lazy);
    expect([info.absences, info.reputation]).to.deep.equal([7n, (85n * ONE) / 100n]);
    const { voteDeadline } = await f.lens.roundInfo(3n);
    await f.helpers.time.setNextBlockTimestamp(voteDeadline);
    await expect(f.minerRegistry.deactivate(lazy, 3n)).to.be.revertedWithCustomError(
      f.minerRegistry,
      "BallotStillOpen",
    );
    await f.helpers.time.setNextBlockTimestamp(voteDeadline + 1n);
    await expect(f.minerRegistry.deactivate(lazy, 3n))
      .to.emit(f.minerRegistry, "DeactivationQueued")
      .withArgs(lazy, 7n);
    await expect(f.minerRegistry.deactivate(lazy, 3n)).to.be.revertedWithCustomError(
      f.minerRegistry,
      "WrongStatus",
    );
    expect((await f.minerRegistry.roster()).length).to.equal(4);
    const registry = f.minerRegistry.connect(f.miners[3]!);
    await expect(registry.reactivate()).to.be.revertedWithCustomError(registry, "WrongStatus");
    await agreeWithout(f, lazy);
    info = await f.minerRegistry.minerInfo(lazy);
    expect([info.status, info.weight, info.reputation]).to.deep.equal([
      STATUS.inactive,
      0n,
      (80n * ONE) / 100n,
    ]);
    expect((await f.minerRegistry.roster()).length).to.equal(3);
    // Out of the roster nothing more is counted against it.
    await agree(f, content("5"));
    await f.token.transfer(lazy, STAKE);
    await f.token.connect(f.miners[3]!).approve(f.minerRegistry, STAKE);
    await registry.addStake(STAKE);
    await registry.setKey(lazy, "0x");
    await registry.reactivate();
    await agree(f, content("6"));
    info = await f.minerRegistry.minerInfo(lazy);
    expect([info.status, info.absences, info.weight]).to.deep.equal([STATUS.active, 0n, 1_600n * ONE]);
  });

  it("an inactive miner can exit at once", async () => {
    const f = await deployFederation(FOUR);
    const lazy = f.miners[3]!.address;
    for (let r = 1; r <= 3; ++r) await agreeWithout(f, lazy);
    await f.helpers.time.increaseTo((await f.lens.roundInfo(3n)).voteDeadline + 1n);
    await f.minerRegistry.deactivate(lazy, 3n);
    await agreeWithout(f, lazy);
    const registry = f.minerRegistry.connect(f.miners[3]!);
    await expect(registry.exit()).to.emit(registry, "UnbondingStarted");
    expect(await statusOf(f, f.miners[3]!)).to.equal(STATUS.exited);
  });

  it("does not add up over more than eight, nor reach below the minimum", async () => {
    const f = await deployFederation({ ...FOUR, parameters: { reputationLoss: 3_000n } });
    const lazy = f.miners[3]!.address;
    for (let r = 1; r <= 9; ++r) await agreeWithout(f, lazy);
    let info = await f.minerRegistry.minerInfo(lazy);
    expect([info.absences, info.reputation]).to.deep.equal([255n, ONE / 10n]);
    await agree(f, content("10"));
    info = await f.minerRegistry.minerInfo(lazy);
    expect([info.absences, info.reputation]).to.deep.equal([254n, ONE / 5n]);
  });

  it("only rounds with a candidate count", async () => {
    const f = await deployFederation(FOUR);
    await f.helpers.time.increaseTo((await f.lens.roundInfo(1n)).lastSlotEnd + 1n);
    await f.consensus.failRound(1n);
    const lazy = f.miners[3]!.address;
    await expect(f.minerRegistry.deactivate(lazy, 1n)).to.be.revertedWithCustomError(
      f.minerRegistry,
      "BallotStillOpen",
    );
    await f.consensus.openRound();
    const open = f.minerRegistry.deactivate(lazy, 2n);
    await expect(open).to.be.revertedWithCustomError(f.consensus, "RoundAlreadyOpen");
    expect((await f.minerRegistry.minerInfo(lazy)).absences).to.equal(0n);
  });

  it("counts as of the round given: a later record shifts back", async () => {
    const f = await deployFederation(FOUR);
    const lazy = f.miners[3]!.address;
    for (let r = 1; r <= 3; ++r) await agreeWithout(f, lazy);
    await agree(f, content("4"));
    await f.helpers.time.increaseTo((await f.lens.roundInfo(4n)).voteDeadline + 1n);
    // Bits are 1110 now; as of round 3 they were 111.
    await expect(f.minerRegistry.deactivate(lazy, 3n))
      .to.emit(f.minerRegistry, "DeactivationQueued")
      .withArgs(lazy, 7n);
  });
});
