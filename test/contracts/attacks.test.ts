import { expect } from "chai";
import { BUDGET, fixture, ONE, STAKE } from "./support/federation.ts";
import {
  agree,
  content,
  order,
  payoutTree,
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
