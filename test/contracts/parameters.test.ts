import { expect } from "chai";
import { DEMO, deployFederation, fixture, GENESIS_ROOT, registerMiner, STAKE } from "./support/federation.ts";
import { agree, content, plain, propose } from "./support/round.ts";

const THREE = { stakes: [STAKE, STAKE, STAKE] };

describe("parameters", () => {
  it("change at the next opening only, and with them the hash", async () => {
    const f = await fixture();
    const before = await f.consensus.parametersHash();
    await f.consensus.setParameters({ ...DEMO, collectMin: 240n, challengeWindow: 960n });
    expect((await f.lens.parameters()).collectMin).to.equal(180n);
    expect((await f.lens.nextParameters()).collectMin).to.equal(240n);
    expect(await f.consensus.parametersHash()).to.equal(before);
    await agree(f, content("x"));
    expect(plain(await f.lens.parameters())).to.deep.equal({
      ...DEMO,
      collectMin: 240n,
      challengeWindow: 960n,
    });
    const types = f.consensus.interface.getFunction("setParameters").inputs[0]!;
    const task = f.consensus.interface.getFunction("task").outputs[0]!;
    const encoded = f.ethers.AbiCoder.defaultAbiCoder().encode(
      [types, task],
      [{ ...DEMO, collectMin: 240n, challengeWindow: 960n }, await f.consensus.task()],
    );
    expect(await f.consensus.parametersHash()).to.equal(f.ethers.keccak256(encoded));
  });

  it("are set by governance only", async () => {
    const f = await fixture();
    const set = f.consensus.connect(f.stranger).setParameters(DEMO);
    await expect(set).to.be.revertedWithCustomError(f.consensus, "AccessManagedUnauthorized");
  });

  it("are bounded", async () => {
    const f = await fixture();
    const out: Partial<typeof DEMO>[] = [
      { collectMin: 0n },
      { collectMax: 179n },
      { proposeSlot: 4n },
      { voteWindow: 604_801n },
      { voteGrace: 4n },
      { challengeWindow: 9n },
      { answerTime: 2_592_001n },
      { minRoundInterval: 86_401n },
      { quorumBps: 5_000n },
      { quorumBps: 10_001n },
      { minConfidenceBps: 4_999n },
      { reputationMin: 99n },
      { reputationMax: 9_999n },
      { reputationStart: 999n },
      { reputationGain: 5_001n },
      { reputationLoss: 5_001n },
      { absenceLimit: 0n },
      { absenceLimit: 9n },
      { minStake: 9_999n },
      { maxStake: STAKE - 1n },
      { maxStake: 2n ** 87n + 1n },
      { roundBudget: 2n ** 80n },
    ];
    for (const p of out) {
      const set = f.consensus.setParameters({ ...DEMO, ...p });
      await expect(set, JSON.stringify(Object.keys(p))).to.be.revertedWithCustomError(
        f.consensus,
        "ParameterOutOfRange",
      );
    }
    const small = f.consensus.setParameters({ ...DEMO, challengeWindow: 901n });
    await expect(small).to.be.revertedWithCustomError(f.consensus, "RingTooSmall").withArgs(6n, 7n);
  });

  it("take the defaults of production with 256 slots", async () => {
    const f = await deployFederation({
      unopened: true,
      ringSlots: 256n,
      parameters: {
        collectMin: 600n,
        collectMax: 21_600n,
        proposeSlot: 1_800n,
        voteWindow: 3_600n,
        voteGrace: 1_800n,
        challengeWindow: 86_400n,
        answerTime: 21_600n,
        minRoundInterval: 60n,
      },
    });
    expect(await f.consensus.unbondingDelay()).to.equal(
      21_600n + 1_800n + 3_600n + 1_800n + 86_400n + 21_600n,
    );
  });
});

describe("deployment", () => {
  it("refuses parts made for another consensus, missing parts, a missing genesis model", async () => {
    const f = await fixture();
    const factory = await f.ethers.getContractFactory("RoundConsensus");
    const wiring = plain(await f.consensus.wiring());
    const args = [f.manager, wiring, plain(await f.consensus.task()), DEMO, 6n] as const;
    await expect(factory.deploy(...args)).to.be.revertedWithCustomError(f.consensus, "WrongWiring");
    const zero = f.ethers.ZeroAddress;
    await expect(
      factory.deploy(args[0], { ...wiring, minerRegistry: zero }, args[2], DEMO, 6n),
    ).to.be.revertedWithCustomError(f.consensus, "ZeroAddress");
    await expect(factory.deploy(zero, wiring, args[2], DEMO, 6n)).to.be.revertedWithCustomError(
      f.consensus,
      "ZeroAddress",
    );
  });

  it("tells the parts, the task, and how far it is", async () => {
    const f = await fixture();
    const wiring = await f.consensus.wiring();
    expect([wiring.minerRegistry, wiring.clientRegistry, wiring.rewardDistributor]).to.deep.equal(
      await Promise.all([f.minerRegistry, f.clientRegistry, f.distributor].map((x) => x.getAddress())),
    );
    expect((await f.consensus.task()).genesisModelRoot).to.equal(GENESIS_ROOT);
    expect(await f.consensus.ringSlots()).to.equal(6n);
    const progress = await f.consensus.progress();
    expect([progress.round, progress.open, progress.settlement, progress.ballots]).to.deep.equal([
      1n,
      true,
      0n,
      0n,
    ]);
    expect(await f.lens.consensus()).to.equal(await f.consensus.getAddress());
  });

  it("walks through the phases", async () => {
    const f = await fixture(THREE);
    const phase = async () => (await f.lens.roundInfo(1n)).phase;
    expect(await phase()).to.equal(1n);
    await f.helpers.time.increase(180);
    expect(await phase()).to.equal(2n);
    await propose(f, content("x"), [0]);
    expect(await phase()).to.equal(2n);
    await propose(f, content("x"), [1]);
    expect(await phase()).to.equal(3n);
    const { voteDeadline, graceEnd } = await f.lens.roundInfo(1n);
    await f.helpers.time.increaseTo(voteDeadline + 1n);
    expect(await phase()).to.equal(4n);
    await f.helpers.time.increaseTo(graceEnd + 1n);
    expect(await phase()).to.equal(5n);
    await f.consensus.failRound(1n);
    expect(await phase()).to.equal(6n);
    expect((await f.lens.candidates(1n))[0]!.signers.length).to.equal(0);
    await f.consensus.openRound();
    await f.helpers.time.increaseTo((await f.lens.roundInfo(2n)).lastSlotEnd + 1n);
    expect((await f.lens.roundInfo(2n)).phase).to.equal(5n);
  });

  it("computes the candidate id that is signed", async () => {
    const f = await fixture();
    const c = content("x");
    const id = await f.lens.candidateId(1n, c);
    await propose(f, c);
    expect((await f.lens.candidates(1n))[0]!.id).to.equal(id);
    await agree(await fixture(), c);
    await expect(f.lens.candidateId(1n, c)).to.be.revertedWithCustomError(f.consensus, "RoundNotOpen");
  });

  it("adds a miner at the next opening only", async () => {
    const f = await fixture();
    await registerMiner(f, f.stranger, STAKE);
    expect((await f.minerRegistry.roster()).length).to.equal(2);
    await agree(f, content("x"));
    expect((await f.minerRegistry.roster()).map((s) => s.owner)[2]).to.equal(f.stranger.address);
  });
});
