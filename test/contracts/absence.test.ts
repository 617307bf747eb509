import { expect } from "chai";
import { deployFederation, type Federation, ONE, STAKE } from "./support/federation.ts";
import { agree, content, propose, signerOf, sorted, vote } from "./support/round.ts";

const STATUS = { none: 0n, joining: 1n, active: 2n, suspending: 3n, inactive: 4n, exiting: 5n, exited: 6n };
const _URL = "http://127.0.0.1:7001";

const statusOf = async (f: Federation, who: { address: string }) =>
  (await f.minerRegistry.minerInfo(who.address)).status;

/** The key's consent to sign for `owner`. */
async function _consent(f: Federation, key: Federation["stranger"], owner: string) {
  const { chainId } = await f.ethers.provider.getNetwork();
  const domain = {
    name: "Quorate",
    version: "1",
    chainId,
    verifyingContract: await f.minerRegistry.getAddress(),
  };
  return key.signTypedData(domain, { Key: [{ name: "owner", type: "address" }] }, { owner });
}

/** Settles the open round without the votes of `absent`. */
async function agreeWithout(f: Federation, absent: string) {
  const round = await f.consensus.currentRound();
  const c = content(`${round}`);
  await propose(f, c);
  const votes = [];
  for (const s of await f.minerRegistry.roster()) {
    if (s.owner !== absent) votes.push(await vote(f, signerOf(f, s.owner)));
  }
  await f.consensus.settle(round, sorted(votes), c);
}

/** The totals' storage slot: the one whose low 128 bits hold all stake. */
async function _findTotals(f: Federation, registry: string) {
  for (let index = 0; index < 12; ++index) {
    const word = BigInt(await f.helpers.getStorageAt(registry, index));
    if ((word & (2n ** 128n - 1n)) === 2n * STAKE) {
      const without = word & ~(255n << 192n);
      return { index, withMembers: (n: number) => without | (BigInt(n) << 192n) };
    }
  }
  throw new Error("totals not found");
}

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
