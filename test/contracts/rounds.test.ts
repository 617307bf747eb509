import { expect } from "chai";
import {
  BUDGET,
  DEMO,
  deployFederation,
  fixture,
  GENESIS_ROOT,
  ONE,
  registerMiner,
  SLOT,
  STAKE,
} from "./support/federation.ts";
import {
  agree,
  candidateMessage,
  content,
  order,
  plain,
  propose,
  proposerSignature,
  sign,
  signerOf,
  sorted,
  vote,
} from "./support/round.ts";

const THREE = { stakes: [STAKE, STAKE, STAKE] };

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
    await expect(tx)
      .to.emit(f.consensus, "RoundOpened")
      .withArgs(
        1n,
        expected,
        GENESIS_ROOT,
        `0x${"00".repeat(32)}`,
        await f.consensus.parametersHash(),
        2n,
        3n,
      );
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

describe("collect and propose", () => {
  it("accepts no proposal before collect's minimum, nor with few updates before its maximum", async () => {
    const f = await fixture();
    const drawn = await order(f);
    const c = content("x");
    const few = content("few", { updateCount: 2n });
    const info = await f.lens.roundInfo(1n);
    const sigs = async (x: typeof c) => [
      await proposerSignature(f, drawn[0]!, 0, x),
      await proposerSignature(f, drawn[1]!, 1, x),
    ];
    const [full, fewSigs] = [await sigs(c), await sigs(few)];
    await f.helpers.time.setNextBlockTimestamp(info.collectMinEnd - 1n);
    await expect(f.consensus.propose(1n, c, full))
      .to.be.revertedWithCustomError(f.consensus, "CollectNotOver")
      .withArgs(info.collectMinEnd, 3n, 3n);
    await f.helpers.time.setNextBlockTimestamp(info.collectMaxEnd - 1n);
    await expect(f.consensus.propose(1n, few, fewSigs))
      .to.be.revertedWithCustomError(f.consensus, "CollectNotOver")
      .withArgs(info.collectMaxEnd, 2n, 3n);
    await f.helpers.time.setNextBlockTimestamp(info.collectMaxEnd);
    await expect(f.consensus.propose(1n, few, fewSigs)).to.emit(f.consensus, "CandidatePosted");
  });

  it("ends collect early by the last agreed round's update count", async () => {
    const f = await fixture();
    await agree(f, content("x", { updateCount: 5n }));
    expect((await f.lens.roundInfo(2n)).updateTarget).to.equal(5n);
  });

  it("checks the ranges of the content", async () => {
    const f = await fixture();
    const range: [Parameters<typeof content>[1], string][] = [
      [{ updateCount: 0n }, "UpdateCountOutOfRange"],
      [{ updateCount: 1_025n, totalSamples: 2_000n }, "UpdateCountOutOfRange"],
      [{ totalSamples: 2n }, "SampleCountOutOfRange"],
      [{ totalSamples: 3n * 2n ** 32n + 1n }, "SampleCountOutOfRange"],
      [{ validationScore: 6_001n }, "ScoreOutOfRange"],
    ];
    for (const [over, error] of range) {
      await expect(propose(f, content("x", over))).to.be.revertedWithCustomError(f.consensus, error);
    }
    await propose(f, content("x", { updateCount: 1_024n, totalSamples: 1_024n, validationScore: 6_000n }));
  });

  it("accepts one signature, or those of ranks 0 and 1", async () => {
    const f = await fixture(THREE);
    const drawn = await order(f);
    const c = content("x");
    await f.helpers.time.increase(180);
    const sig = async (rank: number, by = rank) => proposerSignature(f, drawn[by]!, rank, c);
    const attempt = (...s: Awaited<ReturnType<typeof sig>>[]) => expect(f.consensus.propose(1n, c, s)).to.be;
    await attempt().revertedWithCustomError(f.consensus, "SignerCount");
    await attempt(await sig(0), await sig(1), await sig(2)).revertedWithCustomError(
      f.consensus,
      "SignerCount",
    );
    await attempt(await sig(1), await sig(0)).revertedWithCustomError(f.consensus, "BadRank");
    await attempt(await sig(0), await sig(0)).revertedWithCustomError(f.consensus, "BadRank");
    await attempt(await sig(0), await sig(2)).revertedWithCustomError(f.consensus, "BadRank");
    await attempt(await sig(3, 2)).revertedWithCustomError(f.consensus, "BadRank");
    await attempt(await sig(2)).revertedWithCustomError(f.consensus, "SlotNotOpen");
    await attempt(await sig(0, 1)).revertedWithCustomError(f.consensus, "NotProposer");
    await attempt(await sig(0), await sig(1, 2)).revertedWithCustomError(f.consensus, "NotProposer");
    await expect(f.consensus.propose(1n, c, [await sig(0)])).to.emit(f.consensus, "CandidatePosted");
    // The same content again by the other: one candidate, two signers, and no longer a sole proposer.
    const { voteDeadline } = await f.lens.roundInfo(1n);
    await expect(f.consensus.propose(1n, c, [await sig(1)])).to.emit(f.consensus, "CandidateCosigned");
    const [posted, ...others] = await f.lens.candidates(1n);
    expect(others.length).to.equal(0);
    expect([...posted!.signers]).to.deep.equal([drawn[0]!.address, drawn[1]!.address]);
    expect((await f.lens.roundInfo(1n)).voteDeadline).to.equal(voteDeadline);
    await attempt(await sig(1)).revertedWithCustomError(f.consensus, "AlreadySigned");
  });

  it("cosigning works for the second candidate and for the primary, too", async () => {
    const f = await fixture(THREE);
    const drawn = await order(f);
    await propose(f, content("by the secondary"), [1]);
    await expect(propose(f, content("by the secondary"), [0])).to.emit(f.consensus, "CandidateCosigned");
    expect((await f.lens.candidates(1n))[0]!.signerBits).to.equal(3n);
    expect((await f.lens.candidates(1n))[0]!.signers[0]).to.equal(drawn[0]!.address);
  });

  it("lets a proposer sign one candidate only: never more than two", async () => {
    const f = await fixture(THREE);
    await propose(f, content("a"), [0]);
    await propose(f, content("b"), [1]);
    for (const ranks of [[0], [1], [0, 1]]) {
      await expect(propose(f, content("c"), ranks)).to.be.revertedWithCustomError(
        f.consensus,
        "AlreadySigned",
      );
    }
    expect((await f.lens.candidates(1n)).length).to.equal(2);
  });

  it("gives each reserve its own slot, and only without a candidate", async () => {
    const f = await fixture({ stakes: [STAKE, STAKE, STAKE, STAKE] });
    const { proposeDeadline, lastSlotEnd } = await f.lens.roundInfo(1n);
    expect(lastSlotEnd).to.equal(proposeDeadline + 2n * SLOT);
    await f.helpers.time.increaseTo(proposeDeadline + 1n);
    const slotError = (ranks: number[]) =>
      expect(propose(f, content("r"), ranks)).to.be.revertedWithCustomError(f.consensus, "SlotNotOpen");
    await slotError([0]);
    await slotError([1]);
    await slotError([3]);
    await f.helpers.time.setNextBlockTimestamp(proposeDeadline + SLOT + 1n);
    await f.helpers.mine();
    await slotError([2]);
    await propose(f, content("r"), [3]);
    const [posted] = await f.lens.candidates(1n);
    expect([posted!.signerBits, [...posted!.signers]]).to.deep.equal([4n, [(await order(f))[3]!.address]]);
    await slotError([3]);
  });

  it("refuses a signature over another opening or base", async () => {
    const f = await fixture();
    const drawn = await order(f);
    const c = content("x");
    await f.helpers.time.increase(180);
    const message = await candidateMessage(f, c);
    for (const change of [
      { openingHash: `0x${"77".repeat(32)}` },
      { baseRoot: `0x${"77".repeat(32)}` },
      { round: 2n },
    ]) {
      const s = { rank: 0, ...(await sign(f, drawn[0]!, "Candidate", { ...message, ...change })) };
      await expect(f.consensus.propose(1n, c, [s])).to.be.revertedWithCustomError(f.consensus, "NotProposer");
    }
  });

  it("in a round that is not open reverts", async () => {
    const f = await fixture();
    const c = content("x");
    const sigs = [await proposerSignature(f, (await order(f))[0]!, 0, c)];
    for (const round of [0n, 2n, 7n]) {
      await expect(f.consensus.propose(round, c, sigs)).to.be.revertedWithCustomError(
        f.consensus,
        "RoundNotOpen",
      );
    }
    await agree(f, c);
    await expect(f.consensus.propose(1n, c, sigs)).to.be.revertedWithCustomError(f.consensus, "RoundNotOpen");
  });
});

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

describe("reputation", () => {
  const WAD = (hundredths: bigint) => (hundredths * ONE) / 100n;

  it("steps by vote, signature and presence", async () => {
    const f = await fixture({ stakes: [STAKE, STAKE, STAKE, STAKE, STAKE] });
    const drawn = await order(f);
    const c = content("x");
    await propose(f, c);
    // The last in order votes no on what is agreed.
    const votes = await Promise.all(drawn.slice(0, 4).map((m) => vote(f, m)));
    votes.push(await vote(f, drawn[4]!, { support: false }));
    await f.consensus.settle(1n, sorted(votes), c);
    const after = await Promise.all(drawn.map((m) => f.minerRegistry.minerInfo(m.address)));
    expect(after.map((i) => i.reputation)).to.deep.equal([110n, 110n, 110n, 110n, 95n].map(WAD));
    expect(after.map((i) => i.weight)).to.deep.equal(
      [110n, 110n, 110n, 110n, 95n].map((h) => WAD(h) * 1_000n),
    );
  });

  it("is not raised for a drawn proposer that did not sign, lowered for signing or supporting a rejected one", async () => {
    const f = await fixture({ stakes: [STAKE, STAKE, STAKE, STAKE, STAKE, STAKE, STAKE] });
    const drawn = await order(f);
    const wrong = content("wrong");
    const right = content("right");
    await propose(f, wrong, [0]);
    await propose(f, right, [1]);
    const votes = [];
    for (const [i, m] of drawn.entries()) {
      if (i === 6) continue;
      // Rank 0 and rank 5 support the wrong one; everybody else judges right.
      const supports = i === 0 || i === 5;
      votes.push(await vote(f, m, { candidateIndex: 0, support: supports }));
      if (i !== 0) votes.push(await vote(f, m, { candidateIndex: 1 }));
    }
    await f.consensus.settle(1n, sorted(votes), right);
    const after = await Promise.all(drawn.map((m) => f.minerRegistry.minerInfo(m.address)));
    expect(after.map((i) => i.reputation)).to.deep.equal([95n, 110n, 110n, 110n, 110n, 95n, 95n].map(WAD));
  });

  it("stays for a silent secondary that votes", async () => {
    const f = await fixture(THREE);
    const drawn = await order(f);
    const c = content("x");
    await propose(f, c, [0]);
    await f.helpers.time.increaseTo((await f.lens.roundInfo(1n)).proposeDeadline + 1n);
    const votes = await Promise.all(drawn.map((m) => vote(f, m)));
    await f.consensus.settle(1n, sorted(votes), c);
    const after = await Promise.all(drawn.map((m) => f.minerRegistry.minerInfo(m.address)));
    expect(after.map((i) => i.reputation)).to.deep.equal([110n, 100n, 110n].map(WAD));
  });

  it("stays within 0.1 and 2.0", async () => {
    const f = await deployFederation({
      stakes: [STAKE, STAKE, STAKE, STAKE],
      parameters: { reputationGain: 5_000n, reputationLoss: 5_000n },
    });
    const target = f.miners[3]!.address;
    for (let r = 1; r <= 3; ++r) {
      const c = content(`${r}`);
      await propose(f, c);
      const seats = await f.minerRegistry.roster();
      const votes = [];
      for (const s of seats) votes.push(await vote(f, signerOf(f, s.owner), { support: s.owner !== target }));
      await f.consensus.settle(BigInt(r), sorted(votes), c);
    }
    const info = await f.minerRegistry.minerInfo(target);
    expect(info.reputation).to.equal(ONE / 10n);
    expect((await f.minerRegistry.minerInfo(f.miners[0]!.address)).reputation <= 2n * ONE).to.equal(true);
    expect(info.weight).to.equal(STAKE / 10n);
  });
});

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
