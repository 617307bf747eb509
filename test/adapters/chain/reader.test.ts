import { expect } from "chai";
import { createChainReader, type QuorateReader } from "../../../coordinator/adapters/chain/reader.ts";
import { startChain, type TestChain, WHOLE_ROUND } from "./federation.ts";
import { createFederation, type TestFederation, TOKEN } from "./members.ts";
import { expectViewEqualsGetters } from "./views.ts";

/** Counts how often a reader begins to read the logs at the deployment. */
function fullScans({ connection: { provider, deployBlock } }: QuorateReader): () => number {
  let scans = 0;
  void provider.on("debug", ({ action, payload }) => {
    for (const { method, params } of action === "sendRpcPayload" ? [payload].flat() : [])
      if (method === "eth_getLogs" && Number(params[0].fromBlock) === deployBlock) scans += 1;
  });
  return () => scans;
}

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
    const scans = fullScans(short);
    for (const round of [1n, 2n, 3n])
      expect(await short.round(round)).to.deep.equal(await reader.round(round));
    expect(await short.view()).to.deep.equal(await reader.view());
    expect(scans()).to.equal(1);
    expect(await short.currentRound()).to.deep.equal(await reader.currentRound());
    short.close();
  });
});
