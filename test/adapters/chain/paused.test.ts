import { expect } from "chai";
import { Contract } from "ethers";
import { deadlinesOf, isFinal, timeIn } from "../../../coordinator/protocol/views/queries.ts";
import { quorate } from "../../../scripts/demo/quorate.ts";
import { expectCode } from "./expect.ts";
import { startChain, type TestChain } from "./federation.ts";
import {
  candidateOf,
  createFederation,
  postTogether,
  signVote,
  type TestFederation,
  TOKEN,
} from "./members.ts";

/** Longer than every window. */
const LONG = 10_000;

// The reducers against the contracts: what they say of a federation that was paused.
describe("chain adapter: a paused federation", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  before(async () => {
    chain = await startChain();
    federation = await createFederation(chain, { stakes: [3000n * TOKEN, 3000n * TOKEN, 1000n * TOKEN] });
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });

  const governance = async (method: "pause" | "resume") => {
    const abi = [`function ${method}()`];
    const consensus = new Contract(federation.consensus, abi, chain.wallet(0).connect(chain.provider));
    await (await consensus.getFunction(method)()).wait();
  };

  const expectSame = async () => {
    const { reader } = federation;
    const { RoundConsensus, RoundLens, RewardDistributor, MinerRegistry } = reader.connection.contracts;
    const view = await reader.view();
    const pending = { blockTag: "pending" };
    const now = timeIn(view, await reader.pendingTime());
    const record = view.rounds.get(view.latestRound)!;
    const info = await RoundLens.roundInfo(record.round, pending);
    // While it lasts the contract shows it as if it went on now, the events as it was.
    const shift = view.pause ? (await reader.pendingTime()) - view.pause.since : 0;
    const deadlines = deadlinesOf(record);
    expect({ ...deadlines, voteDeadline: deadlines.voteDeadline ?? 0 - shift }).to.deep.include({
      collectMinEnd: Number(info.collectMinEnd) - shift,
      collectMaxEnd: Number(info.collectMaxEnd) - shift,
      proposeDeadline: Number(info.proposeDeadline) - shift,
      lastSlotEnd: Number(info.lastSlotEnd) - shift,
      voteDeadline: Number(info.voteDeadline) - shift,
    });
    for (const ended of [...view.rounds.values()].filter(({ status }) => status === "agreed")) {
      expect(isFinal(ended, now)).to.equal(await RoundConsensus.isFinal(ended.round, pending));
      const told = await RoundLens.roundInfo(ended.round, pending);
      if (!isFinal(ended, now)) expect(ended.finalAt).to.equal(Number(told.finalAt) - shift);
    }
    for (const { settlement, finalAt } of view.settlements.values())
      if (now < finalAt)
        expect(finalAt).to.equal(
          Number((await RewardDistributor.payout(settlement, pending)).finalAt) - shift,
        );
    for (const { miner, unbonding, releaseAt } of view.miners.values())
      if (unbonding > 0n && now < releaseAt)
        expect(releaseAt).to.equal(Number((await MinerRegistry.minerInfo(miner, pending)).releaseAt) - shift);
  };

  it("refuses by name what moves, and tells since when", async () => {
    const { reader, miners } = federation;
    await miners[0]!.chain.openRound();
    await expectSame();
    expect(await reader.pause()).to.equal(null);
    await governance("pause");
    const { timestamp } = await reader.latestBlock();
    expect(await reader.pause()).to.deep.equal({ since: timestamp, until: timestamp + 30 * 86_400 });
    await expectCode(miners[0]!.chain.failRound(1n), "PAUSED");
    await expectCode(miners[1]!.chain.resume(), "ACCESS_MANAGED_UNAUTHORIZED");
    await chain.wait(LONG);
    await expectSame();
    const where = ["--rpc", chain.rpcUrl, "--contract", federation.consensus];
    const since = new Date(timestamp * 1_000).toISOString().slice(0, 19);
    const status = await quorate(["status", ...where]);
    expect(status.out).to.contain(`paused since ${since}Z: no round, vote or dispute moves`);
    expect(status.out).to.contain("round 1: open, collect");
    expect((await quorate(["rounds", ...where])).out).to.contain(`paused since ${since}Z`);
    await governance("resume");
    await expectSame();
    expect((await quorate(["status", ...where])).out).to.not.contain("paused");
    await expectCode(miners[0]!.chain.failRound(1n), "TOO_EARLY_TO_FAIL");
  });

  it("agrees the round that was held in its midst, and holds its finality", async () => {
    const { reader } = federation;
    await chain.wait(100);
    const candidate = await candidateOf(federation, 1);
    const ranked = await postTogether(federation, candidate);
    await expectSame();
    await governance("pause");
    await chain.wait(LONG);
    await governance("resume");
    await expectSame();
    await federation.admin(chain.wallet(1)).requestExit();
    const votes = ranked.map((miner) => signVote(federation, miner, candidate));
    await ranked[0]!.chain.settle(1n, await Promise.all(votes));
    await expectSame();
    await governance("pause");
    await chain.wait(LONG);
    expect((await reader.round(1n)).final).to.equal(false);
    expect(await reader.finalPayouts()).to.equal(undefined);
    await expectSame();
    await governance("resume");
    await expectSame();
    await chain.wait(600);
    expect((await reader.round(1n)).final).to.equal(true);
    await expectSame();
  });
});
