import { expect } from "chai";
import { BUDGET, DEMO, deployFederation, fixture, ONE, REVERTER_ROLE, STAKE } from "./support/federation.ts";
import {
  agree,
  content,
  order,
  payoutTree,
  plain,
  propose,
  proposerSignature,
  sorted,
  vote,
} from "./support/round.ts";

const FOUR = { stakes: [STAKE, STAKE, STAKE, STAKE] };

// Each of these worked against an earlier design; the rule named in the test stops it.
describe("attacks on a round", () => {
  it("picking votes: 45 % cannot pass by leaving the others out (ratio over all active weight)", async () => {
    const f = await fixture({ stakes: [2_250n * ONE, 2_250n * ONE, 5_500n * ONE] });
    const drawn = await order(f);
    const mine = [f.miners[0]!.address, f.miners[1]!.address];
    const rank = drawn.findIndex((m) => mine.includes(m.address));
    const c = content("theirs");
    const info = await f.lens.roundInfo(1n);
    await f.helpers.time.increaseTo(info.collectMinEnd);
    await f.consensus.propose(1n, c, [await proposerSignature(f, drawn[rank]!, rank, c)]);
    await f.helpers.time.increaseTo(info.proposeDeadline + 1n);
    const votes = sorted([await vote(f, f.miners[0]!), await vote(f, f.miners[1]!)]);
    await expect(f.consensus.settle(1n, votes, c)).to.be.revertedWithCustomError(f.consensus, "Undecided");
  });

  it("a proposer with 69 % cannot pass alone, nor with a straw voter", async () => {
    const f = await fixture({ stakes: [6_899n * ONE, STAKE + ONE, 2_100n * ONE] });
    const drawn = await order(f);
    const rank = drawn.findIndex((m) => m.address === f.miners[0]!.address);
    const info = await f.lens.roundInfo(1n);
    const c = content("theirs");
    const at = rank < 2 ? info.collectMinEnd : info.proposeDeadline + 1n;
    await f.helpers.time.increaseTo(at);
    await f.consensus.propose(1n, c, [await proposerSignature(f, drawn[rank]!, rank, c)]);
    await f.helpers.time.increaseTo(info.proposeDeadline + 1n);
    const own = await vote(f, f.miners[0]!);
    const straw = await vote(f, f.miners[1]!);
    for (const votes of [[own], sorted([own, straw])]) {
      await expect(f.consensus.settle(1n, votes, c)).to.be.revertedWithCustomError(f.consensus, "Undecided");
    }
  });

  it("settling with no votes, or failing early, does not kill a round", async () => {
    const f = await fixture(FOUR);
    const c = content("x");
    await propose(f, c);
    await expect(f.consensus.settle(1n, [], c)).to.be.revertedWithCustomError(f.consensus, "Undecided");
    await expect(f.consensus.failRound(1n)).to.be.revertedWithCustomError(f.consensus, "TooEarlyToFail");
    const noes = sorted(await Promise.all(f.miners.slice(0, 1).map((m) => vote(f, m, { support: false }))));
    await expect(f.consensus.settle(1n, noes, c)).to.be.revertedWithCustomError(f.consensus, "Undecided");
  });

  it("a candidate posted early cannot be failed before the other proposer's slot is over", async () => {
    const f = await fixture({ parameters: { voteWindow: 60n, voteGrace: 60n } });
    const c = content("x");
    await propose(f, c, [0]);
    const { graceEnd, proposeDeadline } = await f.lens.roundInfo(1n);
    await f.helpers.time.setNextBlockTimestamp(graceEnd + 1n);
    await expect(f.consensus.failRound(1n))
      .to.be.revertedWithCustomError(f.consensus, "TooEarlyToFail")
      .withArgs(proposeDeadline + 1n);
    await f.helpers.time.setNextBlockTimestamp(proposeDeadline + 1n);
    const votes = sorted(await Promise.all(f.miners.map((m) => vote(f, m))));
    await expect(f.consensus.settle(1n, votes, c)).to.emit(f.consensus, "RoundAgreed");
  });

  it("a root overwritten in the ring never pays through the one that was there before", async () => {
    const f = await fixture();
    const account = f.clients[0]!.address;
    const tree = (r: bigint) => payoutTree([[account, BUDGET * r]]);
    for (let r = 1n; r <= 8n; ++r) {
      await agree(f, content(`${r}`, { payoutsRoot: tree(r).root, payoutsTotal: BUDGET * r }));
      if (r !== 1n) continue;
      await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
      await f.distributor.claim(1n, account, BUDGET, tree(1n).getProof(0));
    }
    // Settlement 8 lies where 1 was, and is not final.
    for (const [settlement, error] of [
      [1n, "UnknownSettlement"],
      [8n, "NotFinal"],
    ] as const) {
      const claim = f.distributor.claim(settlement, account, BUDGET * 8n, tree(8n).getProof(0));
      await expect(claim).to.be.revertedWithCustomError(f.distributor, error);
    }
  });

  it("a round that the votes on chain agree cannot be failed", async () => {
    const f = await fixture();
    const c = content("x");
    await propose(f, c);
    for (const m of f.miners) await f.consensus.castVote(1n, await vote(f, m));
    const { graceEnd } = await f.lens.roundInfo(1n);
    await f.helpers.time.increaseTo(graceEnd + 1n);
    await expect(f.consensus.failRound(1n))
      .to.be.revertedWithCustomError(f.consensus, "CandidateAgreed")
      .withArgs((await f.lens.candidates(1n))[0]!.id);
    await expect(f.consensus.settle(1n, [], c)).to.emit(f.consensus, "RoundAgreed");
  });

  it("the settler cannot make the worse-ranked candidate win by omitting votes", async () => {
    const f = await fixture(FOUR);
    const [first, second] = [content("primary's"), content("secondary's")];
    await propose(f, first, [0]);
    await propose(f, second, [1]);
    const all = [];
    for (const m of f.miners) {
      all.push(await vote(f, m, { candidateIndex: 0 }), await vote(f, m, { candidateIndex: 1 }));
    }
    const onlySecond = sorted(all.filter((v) => v.candidateIndex === 1));
    await expect(f.consensus.settle(1n, onlySecond, second)).to.be.revertedWithCustomError(
      f.consensus,
      "Undecided",
    );
    // With all votes the secondary's content is refused: the primary's wins.
    await expect(f.consensus.settle(1n, sorted(all), second)).to.be.revertedWithCustomError(
      f.consensus,
      "WrongContent",
    );
    const { graceEnd } = await f.lens.roundInfo(1n);
    const afterGrace = await f.helpers.takeSnapshot();
    // Nobody voted for the primary's even on chain by the end of grace: then the other one may win.
    await f.helpers.time.setNextBlockTimestamp(graceEnd);
    await expect(f.consensus.settle(1n, onlySecond, second)).to.be.revertedWithCustomError(
      f.consensus,
      "Undecided",
    );
    await f.helpers.time.setNextBlockTimestamp(graceEnd + 1n);
    await expect(f.consensus.settle(1n, onlySecond, second)).to.emit(f.consensus, "RoundAgreed");
    await afterGrace.restore();
  });

  it("a settler that hides a miner's vote does not make it absent: it votes on chain", async () => {
    const f = await fixture(FOUR);
    const c = content("x");
    await propose(f, c);
    const drawn = await order(f);
    await f.consensus.castVote(1n, await vote(f, drawn[3]!));
    const votes = sorted(await Promise.all(drawn.slice(0, 3).map((m) => vote(f, m))));
    await f.consensus.settle(1n, votes, c);
    const info = await f.minerRegistry.minerInfo(drawn[3]!.address);
    expect([info.absences, info.reputation]).to.deep.equal([0n, (11n * ONE) / 10n]);
  });

  it("a rejection of 20 % weight in yes votes of little confidence does not block (confidence is bounded)", async () => {
    const f = await fixture({ stakes: [4_000n * ONE, 4_000n * ONE, 2_000n * ONE] });
    const c = content("x");
    await propose(f, c);
    // A lone 20 % voter with confidence 1: the vote is refused instead of dragging the ratio down.
    const drag = await vote(f, f.miners[2]!, { confidence: 1 });
    const votes = sorted([await vote(f, f.miners[0]!), await vote(f, f.miners[1]!), drag]);
    await expect(f.consensus.settle(1n, votes, c)).to.emit(f.consensus, "RoundAgreed");
  });

  it("stake added during a round counts from the next one", async () => {
    const f = await fixture();
    await f.token.transfer(f.miners[0]!.address, 5_000n * ONE);
    await f.token.connect(f.miners[0]!).approve(f.minerRegistry, 5_000n * ONE);
    await f.minerRegistry.connect(f.miners[0]!).addStake(5_000n * ONE);
    expect(await f.minerRegistry.activeWeight()).to.equal(2n * STAKE);
    const c = content("x");
    await propose(f, c);
    const one = await vote(f, f.miners[0]!);
    await expect(f.consensus.settle(1n, [one], c)).to.be.revertedWithCustomError(f.consensus, "Undecided");
    await f.consensus.settle(1n, sorted([one, await vote(f, f.miners[1]!)]), c);
    expect((await f.minerRegistry.roster())[0]!.weight).to.equal((6_000n * ONE * 11n) / 10n);
  });

  it("leaving or being queued to leave does not change the round that runs", async () => {
    const f = await fixture({ stakes: [STAKE, STAKE, STAKE] });
    await propose(f, content("x"));
    await f.minerRegistry.connect(f.miners[2]!).exit();
    expect((await f.minerRegistry.roster()).length).to.equal(3);
    const votes = sorted([await vote(f, f.miners[0]!), await vote(f, f.miners[1]!)]);
    // Two of three: 66.7 % stay too little although the third leaves.
    await expect(f.consensus.settle(1n, votes, content("x"))).to.be.revertedWithCustomError(
      f.consensus,
      "Undecided",
    );
  });

  it("the opener cannot know the draw: it comes from the opening block's own hash", async () => {
    const f = await fixture({ unopened: true });
    await f.provider.request({ method: "evm_setAutomine", params: [false] });
    const open = await f.consensus.openRound({ gasLimit: 1_000_000 });
    const freeze = await f.consensus.freezeSeed(1n, { gasLimit: 1_000_000 });
    await f.helpers.mine();
    await f.provider.request({ method: "evm_setAutomine", params: [true] });
    const opening = (await f.ethers.provider.getTransactionReceipt(open.hash))!;
    // In the opening block itself there is no seed yet, whoever asks.
    expect((await f.ethers.provider.getTransactionReceipt(freeze.hash))!.status).to.equal(0);
    await f.helpers.mine(3);
    await f.consensus.freezeSeed(1n);
    const hash = (await f.ethers.provider.getBlock(opening.blockNumber))!.hash!;
    expect((await f.lens.roundInfo(1n)).seed).to.equal(BigInt(hash) & (2n ** 64n - 1n));
    await expect(f.consensus.freezeSeed(1n)).to.be.revertedWithCustomError(f.consensus, "SeedAlreadyFrozen");
  });

  it("a seed nobody stored moves on by 256 blocks", async () => {
    const f = await fixture();
    const opening = await f.ethers.provider.getBlockNumber();
    await f.helpers.mine(256 - 1);
    // The next transaction is in block opening + 256: the opening block's hash is just in reach.
    expect((await f.lens.roundInfo(1n)).seedBlock).to.equal(BigInt(opening));
    await f.helpers.mine(1);
    await f.consensus.freezeSeed(1n);
    const moved = (await f.ethers.provider.getBlock(opening + 256))!.hash!;
    expect((await f.lens.roundInfo(1n)).seed).to.equal(BigInt(moved) & (2n ** 64n - 1n));
  });

  it("a signature of one round is worth nothing in the next", async () => {
    const f = await fixture();
    const c = content("x", { payoutsTotal: 0n });
    await propose(f, c);
    const old = sorted([await vote(f, f.miners[0]!), await vote(f, f.miners[1]!)]);
    await f.consensus.settle(1n, old, c);
    await propose(f, c);
    await expect(f.consensus.settle(2n, old, c)).to.be.revertedWithCustomError(f.consensus, "Undecided");
  });

  it("a contract account cannot be a key", async () => {
    const f = await fixture();
    const [wallet, zero] = [await f.token.getAddress(), f.ethers.ZeroAddress];
    await f.token.transfer(f.stranger.address, STAKE);
    await f.token.connect(f.stranger).approve(f.minerRegistry, STAKE);
    const register = f.minerRegistry.connect(f.stranger).register(STAKE, wallet, "0x", "http://x");
    await expect(register).to.be.revertedWithCustomError(f.minerRegistry, "KeyIsContract").withArgs(wallet);
    const set = f.minerRegistry.connect(f.miners[0]!).setKey(wallet, "0x");
    await expect(set).to.be.revertedWithCustomError(f.minerRegistry, "KeyIsContract");
    const none = f.minerRegistry.connect(f.miners[0]!).setKey(zero, "0x");
    await expect(none).to.be.revertedWithCustomError(f.minerRegistry, "BadKeySignature");
    const client = f.clientRegistry.connect(f.stranger).register(wallet, "0x");
    await expect(client).to.be.revertedWithCustomError(f.clientRegistry, "KeyIsContract");
  });

  it("somebody else's key cannot be registered to make its votes count twice", async () => {
    const f = await fixture();
    const victim = f.miners[0]!.address;
    await f.token.transfer(f.stranger.address, STAKE);
    await f.token.connect(f.stranger).approve(f.minerRegistry, STAKE);
    const asKey = f.minerRegistry.connect(f.stranger).register(STAKE, victim, "0x", "http://x");
    await expect(asKey).to.be.revertedWithCustomError(f.minerRegistry, "KeyTaken").withArgs(victim, victim);
    const unsigned = f.minerRegistry.connect(f.stranger).register(STAKE, f.admin.address, "0x", "http://x");
    await expect(unsigned).to.be.revertedWithCustomError(f.minerRegistry, "BadKeySignature");
  });
});

describe("attacks on payouts", () => {
  async function settleWith(rows: [string, bigint][], total: bigint) {
    const f = await fixture();
    const tree = payoutTree(rows.map(([i, amount]) => [f.clients[Number(i)]!.address, amount]));
    await agree(f, content("1", { payoutsRoot: tree.root, payoutsTotal: total }));
    const proof = (i: number) => tree.getProof([f.clients[i]!.address, rows[i]![1]] as [string, bigint]);
    return { f, tree, proof };
  }

  it("a root that is not final pays nothing", async () => {
    const { f, proof } = await settleWith([["0", BUDGET]], BUDGET);
    const { finalAt } = await f.distributor.payout(1n);
    await f.helpers.time.setNextBlockTimestamp(finalAt - 1n);
    const claim = f.distributor.claim(1n, f.clients[0]!.address, BUDGET, proof(0));
    await expect(claim).to.be.revertedWithCustomError(f.distributor, "NotFinal").withArgs(1n, finalAt);
    await f.helpers.time.setNextBlockTimestamp(finalAt);
    await f.distributor.claim(1n, f.clients[0]!.address, BUDGET, proof(0));
  });

  it("a root pays at most its own total: leaves that promise more are refused", async () => {
    const { f, proof } = await settleWith(
      [
        ["0", BUDGET],
        ["1", BUDGET],
      ],
      BUDGET,
    );
    await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
    await f.distributor.claim(1n, f.clients[0]!.address, BUDGET, proof(0));
    const second = f.distributor.claim(1n, f.clients[1]!.address, BUDGET, proof(1));
    await expect(second)
      .to.be.revertedWithCustomError(f.distributor, "RootExhausted")
      .withArgs(1n, BUDGET, BUDGET);
    expect(await f.distributor.claimable(1n, f.clients[1]!.address, BUDGET)).to.equal(0n);
  });

  it("a leaf of 2^256 - 1 is refused without overflow", async () => {
    const { f, proof } = await settleWith(
      [
        ["0", 1n],
        ["1", 2n ** 256n - 1n],
      ],
      BUDGET,
    );
    await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
    await f.distributor.claim(1n, f.clients[0]!.address, 1n, proof(0));
    const huge = f.distributor.claim(1n, f.clients[1]!.address, 2n ** 256n - 1n, proof(1));
    await expect(huge).to.be.revertedWithCustomError(f.distributor, "RootExhausted");
  });

  it("claiming twice, with a wrong proof, or against an unknown settlement reverts", async () => {
    const { f, proof } = await settleWith(
      [
        ["0", BUDGET / 2n],
        ["1", BUDGET / 2n],
      ],
      BUDGET,
    );
    await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
    const [a, half] = [f.clients[0]!.address, BUDGET / 2n];
    expect(await f.distributor.claimable(1n, a, half)).to.equal(half);
    await f.distributor.claim(1n, a, half, proof(0));
    await expect(f.distributor.claim(1n, a, half, proof(0)))
      .to.be.revertedWithCustomError(f.distributor, "NothingToClaim")
      .withArgs(a, half);
    const wrong: [string, bigint, string[]][] = [
      [a, half + 1n, proof(0)],
      [f.stranger.address, half, proof(0)],
      [f.clients[1]!.address, half, []],
    ];
    for (const [account, amount, p] of wrong) {
      const claim = f.distributor.claim(1n, account, amount, p);
      await expect(claim).to.be.revertedWithCustomError(f.distributor, "BadProof");
    }
    for (const s of [0n, 2n, 8n]) {
      const claim = f.distributor.claim(s, a, half, proof(0));
      await expect(claim).to.be.revertedWithCustomError(f.distributor, "UnknownSettlement").withArgs(s);
    }
    expect(await f.distributor.latestFinal()).to.equal(1n);
  });

  it("an old root does not pay again what a newer one has paid", async () => {
    const f = await fixture();
    const account = f.clients[0]!.address;
    const [one, two] = [payoutTree([[account, BUDGET]]), payoutTree([[account, BUDGET * 2n]])];
    await agree(f, content("1", { payoutsRoot: one.root, payoutsTotal: BUDGET }));
    await agree(f, content("2", { payoutsRoot: two.root, payoutsTotal: BUDGET * 2n }));
    await f.helpers.time.increaseTo((await f.distributor.payout(2n)).finalAt);
    await f.distributor.claim(2n, account, BUDGET * 2n, two.getProof(0));
    const old = f.distributor.claim(1n, account, BUDGET, one.getProof(0));
    await expect(old).to.be.revertedWithCustomError(f.distributor, "NothingToClaim");
    expect(await f.token.balanceOf(account)).to.equal(BUDGET * 2n);
  });

  it("the record functions answer to the consensus only", async () => {
    const f = await fixture();
    const [d, m] = [f.distributor.connect(f.stranger), f.minerRegistry.connect(f.stranger)];
    const rule = { min: 1_000n, max: 20_000n, loss: 500n };
    const zero = `0x${"00".repeat(32)}`;
    await expect(d.record(1n, 1n, zero, 0n, 0n, true)).to.be.revertedWithCustomError(d, "OnlyConsensus");
    await expect(d.revertTo(0n, 1n)).to.be.revertedWithCustomError(d, "OnlyConsensus");
    await expect(m.beginRound(0n, 0n)).to.be.revertedWithCustomError(m, "OnlyConsensus");
    await expect(m.recordBallot(1n, 1n, [], rule)).to.be.revertedWithCustomError(m, "OnlyConsensus");
    await expect(m.provePresence(1n, f.miners[0]!.address, 1n, rule)).to.be.revertedWithCustomError(
      m,
      "OnlyConsensus",
    );
  });
});

describe("reverting a round", () => {
  async function threeAgreed() {
    const f = await deployFederation();
    const manager = await f.ethers.getContractAt("AccessManager", f.manager);
    await manager.grantRole(REVERTER_ROLE, f.stranger.address, 0);
    const heads = [plain(await f.consensus.head())];
    const chains = [await f.consensus.headChain()];
    for (let r = 1n; r <= 3n; ++r) {
      const tree = payoutTree([[f.clients[0]!.address, BUDGET * r]]);
      await agree(
        f,
        content(`${r}`, { payoutsRoot: tree.root, payoutsTotal: BUDGET * r, updateCount: r + 3n }),
      );
      heads.push(plain(await f.consensus.head()));
      chains.push(await f.consensus.headChain());
    }
    return { f, heads, chains, reverter: f.consensus.connect(f.stranger) };
  }

  it("takes head, payouts and target back, voids everything later, and openRound goes on", async () => {
    const { f, heads, chains, reverter } = await threeAgreed();
    const rule = await f.minerRegistry.minerInfo(f.miners[0]!.address);
    await expect(reverter.revertRound(2n, chains[0]!, heads.slice(1)))
      .to.emit(f.consensus, "RoundReverted")
      .withArgs(2n, 1n, heads[1]!.modelRoot)
      .and.to.emit(f.consensus, "RoundVoided");
    expect(plain(await f.consensus.head())).to.deep.equal(heads[1]);
    expect(await f.consensus.headChain()).to.equal(chains[1]);
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
    await agree(f, content("5", { payoutsTotal: BUDGET * 2n, updateCount: 4n }));
    expect((await f.consensus.head()).settlement).to.equal(2n);
    expect((await f.distributor.payout(2n)).round).to.equal(5n);
    await f.helpers.time.increaseTo((await f.distributor.payout(2n)).finalAt);
    expect(await f.distributor.latestFinal()).to.equal(2n);
  });

  it("goes back to the genesis model, too", async () => {
    const { f, heads, chains, reverter } = await threeAgreed();
    await reverter.revertRound(1n, `0x${"00".repeat(32)}`, heads);
    expect(plain(await f.consensus.head())).to.deep.equal(heads[0]);
    expect(await f.consensus.headChain()).to.equal(chains[0]);
  });

  it("is refused: without the role, for a wrong history, an open, failed or final round", async () => {
    const { f, heads, chains, reverter } = await threeAgreed();
    const none = f.consensus.connect(f.miners[0]!).revertRound(2n, chains[0]!, heads.slice(1));
    await expect(none).to.be.revertedWithCustomError(f.consensus, "AccessManagedUnauthorized");
    const wrong: [string, typeof heads][] = [
      [chains[1]!, heads.slice(1)],
      [chains[0]!, [heads[1]!, heads[3]!]],
      [chains[0]!, heads.slice(1, 3)],
      [chains[0]!, [heads[1]!]],
      [chains[1]!, heads.slice(2)],
      [chains[0]!, [{ ...heads[1]!, modelRoot: heads[2]!.modelRoot }, ...heads.slice(2)]],
    ];
    for (const [before, path] of wrong) {
      await expect(reverter.revertRound(2n, before, path)).to.be.revertedWithCustomError(
        f.consensus,
        "WrongHistory",
      );
    }
    await expect(reverter.revertRound(4n, chains[0]!, heads)).to.be.revertedWithCustomError(
      f.consensus,
      "NotRevertible",
    );
    await expect(reverter.revertRound(9n, chains[0]!, heads)).to.be.revertedWithCustomError(
      f.consensus,
      "UnknownRound",
    );
    await f.helpers.time.increaseTo((await f.lens.roundInfo(2n)).finalAt);
    const final = reverter.revertRound(2n, chains[0]!, heads.slice(1));
    await expect(final).to.be.revertedWithCustomError(f.consensus, "AlreadyFinal");
  });

  it("keeps paid what was final before", async () => {
    const { f, heads, chains, reverter } = await threeAgreed();
    const account = f.clients[0]!.address;
    await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
    const { finalAt } = await f.lens.roundInfo(2n);
    if (BigInt(await f.helpers.time.latest()) >= finalAt) return;
    await f.distributor.claim(1n, account, BUDGET, payoutTree([[account, BUDGET]]).getProof(0));
    await reverter.revertRound(2n, chains[0]!, heads.slice(1));
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
