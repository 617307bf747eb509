import { expect } from "chai";
import { createChainReader } from "../../../coordinator/adapters/chain/reader.ts";
import { startChain, type TestChain, WHOLE_ROUND } from "./federation.ts";
import { createFederation, type TestFederation, TOKEN } from "./members.ts";
import { expectViewEqualsGetters } from "./views.ts";

describe("chain adapter: reader", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  before(async () => {
    chain = await startChain();
    federation = await createFederation(chain, { stakes: [1000n * TOKEN, 2000n * TOKEN, 3000n * TOKEN] });
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });

  it("draws as the contract does, when nobody freezes the seed for hundreds of blocks, and once somebody did", async () => {
    const { reader, miners } = federation;
    await miners[0]!.chain.openRound();
    for (const blocks of [0, 1, 254, 1, 255, 300]) {
      if (blocks > 0) await chain.mine(blocks);
      await expectViewEqualsGetters(federation);
    }
    const expected = (await reader.currentRound())!.order;
    await miners[1]!.chain.freezeSeed(1n);
    const frozen = (await reader.currentRound())!;
    expect(frozen).to.deep.include({ order: expected, seedFrozen: true });
    await chain.mine(600);
    expect((await reader.currentRound())!.order).to.deep.equal(expected);
    await expectViewEqualsGetters(federation);
  });

  it("forgets old rounds if told so, and reads them again when asked", async () => {
    const { reader, miners, consensus } = federation;
    for (let round = 1n; round < 19n; round++) {
      await chain.wait(WHOLE_ROUND);
      await miners[0]!.chain.failRound(round);
      await miners[0]!.chain.openRound();
    }
    const short = await createChainReader({ rpcUrl: chain.rpcUrl, roundConsensus: consensus, keepRounds: 1 });
    // Blocks that may still be replaced are kept apart: push the rounds out of reach of a reorganisation.
    await chain.mine(100);
    expect((await short.recentView()).rounds.size).to.equal(16);
    expect((await reader.recentView()).rounds.size).to.equal(19);
    expect(await short.view()).to.deep.equal(await reader.view());
    expect(await short.round(1n)).to.deep.equal(await reader.round(1n));
    expect(await short.currentRound()).to.deep.equal(await reader.currentRound());
    short.close();
  });
});
