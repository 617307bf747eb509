import { expect } from "chai";
import { deployFederation, ONE, registerMiner, STAKE } from "./support/federation.ts";
import { consent, STATUS, statusOf, URL } from "./support/miners.ts";
import { agree, content, sign, signerOf, vote } from "./support/round.ts";

describe("a miner's changes", () => {
  it("join, top up, exit, unbond, withdraw; come back with the reputation kept", async () => {
    const f = await deployFederation({ stakes: [STAKE, STAKE, STAKE] });
    const leaver = f.miners[2]!;
    const registry = f.minerRegistry.connect(leaver);
    await agree(f, content("1"));
    expect((await f.minerRegistry.minerInfo(leaver.address)).reputation).to.equal((11n * ONE) / 10n);
    await expect(registry.exit()).to.emit(registry, "ExitQueued").withArgs(leaver.address, STAKE);
    await expect(registry.exit()).to.be.revertedWithCustomError(registry, "WrongStatus");
    await expect(registry.addStake(1n)).to.be.revertedWithCustomError(registry, "WrongStatus");
    await expect(registry.withdraw()).to.be.revertedWithCustomError(registry, "NothingUnbonding");
    await expect((await agree(f, content("2"))).settlement).to.emit(registry, "UnbondingStarted");
    const info = await f.minerRegistry.minerInfo(leaver.address);
    expect([info.status, info.stake, info.weight, info.unbonding]).to.deep.equal([
      STATUS.exited,
      0n,
      0n,
      STAKE,
    ]);
    expect(info.releaseAt).to.equal(
      (await f.lens.roundInfo(3n)).openedAt + (await f.consensus.unbondingDelay()),
    );
    expect((await f.minerRegistry.roster()).length).to.equal(2);
    await f.helpers.time.setNextBlockTimestamp(info.releaseAt - 1n);
    await expect(registry.withdraw()).to.be.revertedWithCustomError(registry, "StillUnbonding");
    await f.helpers.time.setNextBlockTimestamp(info.releaseAt);
    await expect(registry.withdraw()).to.emit(registry, "StakeWithdrawn").withArgs(leaver.address, STAKE);
    expect(await f.token.balanceOf(leaver.address)).to.equal(STAKE);
    await expect(registry.setEndpoint(URL)).to.be.revertedWithCustomError(registry, "NotRegistered");
    await registerMiner(f, leaver, STAKE);
    const back = await f.minerRegistry.minerInfo(leaver.address);
    expect([back.status, back.reputation]).to.deep.equal([STATUS.joining, (12n * ONE) / 10n]);
  });

  it("an exit before the first seat, and two unbondings at once", async () => {
    const f = await deployFederation();
    await registerMiner(f, f.stranger, STAKE);
    await f.minerRegistry.connect(f.stranger).exit();
    await agree(f, content("1"));
    expect(await statusOf(f, f.stranger)).to.equal(STATUS.exited);
    await registerMiner(f, f.stranger, 2n * STAKE);
    await f.minerRegistry.connect(f.stranger).exit();
    await agree(f, content("2"));
    expect((await f.minerRegistry.minerInfo(f.stranger.address)).unbonding).to.equal(3n * STAKE);
  });

  it("exits are not held up by a federation that stands still", async () => {
    const f = await deployFederation();
    const miner = f.minerRegistry.connect(f.miners[1]!);
    await miner.exit();
    await f.minerRegistry.connect(f.miners[0]!).exit();
    await expect(f.minerRegistry.applyQueued()).to.be.revertedWithCustomError(f.minerRegistry, "RoundIsOpen");
    await f.helpers.time.increaseTo((await f.lens.roundInfo(1n)).lastSlotEnd + 1n);
    await f.consensus.failRound(1n);
    // Nobody would be left: no round opens any more.
    await expect(f.consensus.openRound()).to.be.revertedWithCustomError(f.consensus, "NotEnoughMiners");
    await f.minerRegistry.applyQueued();
    await f.helpers.time.increase(await f.consensus.unbondingDelay());
    await miner.withdraw();
    expect(await f.token.balanceOf(f.miners[1]!.address)).to.equal(STAKE);
    expect(await f.minerRegistry.totalHeld()).to.equal(STAKE);
  });

  it("a settlement that leaves nobody settles, but opens nothing", async () => {
    const f = await deployFederation();
    for (const miner of f.miners) await f.minerRegistry.connect(miner).exit();
    const { settlement } = await agree(f, content("1"));
    await expect(settlement).to.emit(f.consensus, "RoundAgreed").and.not.to.emit(f.consensus, "RoundOpened");
    expect(await statusOf(f, f.miners[1]!)).to.equal(STATUS.exited);
  });

  it("moves the last seat into a freed one", async () => {
    const f = await deployFederation({ stakes: [STAKE, STAKE, 2n * STAKE] });
    await f.minerRegistry.connect(f.miners[0]!).exit();
    await agree(f, content("1"));
    const seats = await f.minerRegistry.roster();
    expect(seats.map((s) => s.owner)).to.deep.equal([f.miners[2]!.address, f.miners[1]!.address]);
    await agree(f, content("2"));
    const info = await f.minerRegistry.minerInfo(f.miners[2]!.address);
    expect([info.reputation, info.weight]).to.deep.equal([(12n * ONE) / 10n, 2_400n * ONE]);
  });

  it("handles 32 queued miners an opening, first come first served", async () => {
    const f = await deployFederation({
      stakes: [STAKE, STAKE, ...Array.from({ length: 33 }, () => STAKE)],
      unopened: true,
    });
    await f.consensus.openRound();
    expect((await f.lens.roundInfo(1n)).members).to.equal(32n);
    expect(await f.minerRegistry.queuedCount()).to.equal(3n);
    await f.helpers.time.increaseTo((await f.lens.roundInfo(1n)).lastSlotEnd + 1n);
    await f.consensus.failRound(1n);
    await f.consensus.openRound();
    expect([await f.minerRegistry.activeCount(), await f.minerRegistry.queuedCount()]).to.deep.equal([
      35n,
      0n,
    ]);
    expect(await f.minerRegistry.activeWeight()).to.equal(35n * STAKE);
  });
});

describe("voting keys", () => {
  it("vote in place of the owner from the next opening on; the owner's votes no longer count", async () => {
    const f = await deployFederation();
    const [owner, key] = [f.miners[0]!, f.stranger];
    const registry = f.minerRegistry.connect(owner);
    await expect(
      registry.setKey(key.address, await consent(f, key, f.miners[1]!.address)),
    ).to.be.revertedWithCustomError(registry, "BadKeySignature");
    await expect(registry.setKey(key.address, await consent(f, key, owner.address)))
      .to.emit(registry, "KeyQueued")
      .withArgs(owner.address, key.address);
    let info = await f.minerRegistry.minerInfo(owner.address);
    expect([info.key, info.nextKey]).to.deep.equal([owner.address, key.address]);
    await agree(f, content("1"));
    info = await f.minerRegistry.minerInfo(owner.address);
    expect([info.key, info.nextKey]).to.deep.equal([key.address, key.address]);
    expect(await f.minerRegistry.ownerOfKey(key.address)).to.equal(owner.address);
    expect(await f.minerRegistry.ownerOfKey(owner.address)).to.equal(owner.address);
    expect(await f.minerRegistry.ownerOfKey(f.admin.address)).to.equal(f.ethers.ZeroAddress);

    // Candidate and votes signed by the key.
    const c = content("2");
    const round = await f.consensus.currentRound();
    const sign2 = async (seat: number, who: typeof key) => ({ ...(await vote(f, who)), seat });
    const drawn = await f.helpers.mine().then(() => f.lens.proposers(round));
    await f.helpers.time.increaseTo((await f.lens.roundInfo(round)).collectMinEnd);
    const { openingHash } = await f.lens.roundInfo(round);
    const message = { round, openingHash, baseRoot: (await f.consensus.head()).modelRoot, ...c };
    const signers = drawn.map((o) => (o === owner.address ? key : signerOf(f, o)));
    const bySigner = await Promise.all(signers.map((s) => sign(f, s, "Candidate", message)));
    await f.consensus.propose(
      round,
      c,
      bySigner.map((s, rank) => ({ rank, ...s })),
    );
    const byOwner = f.consensus.settle(round, [await sign2(0, owner), await sign2(1, f.miners[1]!)], c);
    await expect(byOwner).to.be.revertedWithCustomError(f.consensus, "Undecided");
    await f.consensus.settle(round, [await sign2(0, key), await sign2(1, f.miners[1]!)], c);
    await expect(registry.setKey(owner.address, "0x")).to.emit(registry, "KeyQueued");
  });

  it("belong to one owner for good, and cannot become miners of their own", async () => {
    const f = await deployFederation();
    const key = f.stranger;
    await f.minerRegistry
      .connect(f.miners[0]!)
      .setKey(key.address, await consent(f, key, f.miners[0]!.address));
    const taken = f.minerRegistry
      .connect(f.miners[1]!)
      .setKey(key.address, await consent(f, key, f.miners[1]!.address));
    await expect(taken)
      .to.be.revertedWithCustomError(f.minerRegistry, "KeyTaken")
      .withArgs(key.address, f.miners[0]!.address);
    await f.token.transfer(key.address, STAKE);
    await f.token.connect(key).approve(f.minerRegistry, STAKE);
    const own = f.minerRegistry.connect(key).register(STAKE, key.address, "0x", URL);
    await expect(own).to.be.revertedWithCustomError(f.minerRegistry, "KeyTaken");
    // Back and forth is fine, without another signature.
    await f.minerRegistry.connect(f.miners[0]!).setKey(f.miners[0]!.address, "0x");
    await f.minerRegistry.connect(f.miners[0]!).setKey(key.address, "0x");
  });

  it("can be given at registration", async () => {
    const f = await deployFederation();
    await f.token.transfer(f.stranger.address, STAKE);
    await f.token.connect(f.stranger).approve(f.minerRegistry, STAKE);
    const registry = f.minerRegistry.connect(f.stranger);
    await registry.register(STAKE, f.admin.address, await consent(f, f.admin, f.stranger.address), URL);
    expect((await f.minerRegistry.minerInfo(f.stranger.address)).nextKey).to.equal(f.admin.address);
    expect(await f.minerRegistry.keyDigest(f.stranger.address)).to.match(/^0x[0-9a-f]{64}$/);
  });
});
