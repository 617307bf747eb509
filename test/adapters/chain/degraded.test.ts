import { expect } from "chai";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { payoutTree } from "../../../coordinator/protocol/incentives/payouts.ts";
import { startChain, TEST_PARAMETERS, type TestChain, WHOLE_ROUND } from "./federation.ts";
import {
  candidateOf,
  createFederation,
  postTogether,
  signVote,
  type TestFederation,
  TOKEN,
} from "./members.ts";
import { expectViewEqualsGetters } from "./views.ts";

// One of two miners leaves and comes back; every step ends with the view compared with the contracts' getters.
describe("chain adapter: a miner alone", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;

  before(async () => {
    chain = await startChain();
    federation = await createFederation(chain, { stakes: [1000n * TOKEN, 1000n * TOKEN] });
    await federation.miners[0]!.chain.openRound();
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });
  afterEach(() => expectViewEqualsGetters(federation));

  /** Everyone with a seat signs and says yes; `total` is what its payouts claim. */
  async function decide(seed: number, total: bigint): Promise<void> {
    const rows = [{ client: federation.clients[0]!.address.toLowerCase(), cumulative: total }];
    const fields = { payoutsRoot: payoutTree(rows).root, payoutsTotal: total };
    await chain.wait(TEST_PARAMETERS.collectMin);
    const candidate = await candidateOf(federation, seed, fields);
    const ranked = await postTogether(federation, candidate);
    const votes = await Promise.all(ranked.map((miner) => signVote(federation, miner, candidate)));
    await ranked[0]!.chain.settle(candidate.round, votes);
  }

  it("agrees with the other while it is there", async () => {
    await federation.admin(chain.wallet(2)).requestExit();
    await decide(1, 100n * TOKEN);
    expect((await federation.reader.currentRound())!.order).to.deep.equal([federation.miners[0]!.address]);
  });

  it("settles its round as degraded, and the next one builds on it", async () => {
    await decide(2, 900n * TOKEN);
    const { reader } = federation;
    const [past, open, head] = [await reader.round(2n), await reader.currentRound(), await reader.head()];
    expect(past).to.deep.include({ status: "degraded", final: false, winner: past.candidates[0]!.id });
    const { modelRoot, modelCid } = past.candidates[0]!.candidate;
    expect(open).to.deep.include({ round: 3n, standsOn: [2n], baseRoot: modelRoot, baseCid: modelCid });
    expect(open).to.deep.include({ payoutsTotal: 100n * TOKEN, payoutsRound: 1n, generation: 3n });
    expect(head).to.deep.equal({ round: 2n, modelRoot, modelCid });
  });

  it("cannot settle while the other returns, but anyone may fail its round", async () => {
    const owner = chain.wallet(2);
    const admin = federation.admin(owner);
    await admin.registerMiner({ stake: 1000n * TOKEN, endpoint: "http://127.0.0.1:9001", key: owner });
    await decide(3, 100n * TOKEN).then(
      () => expect.fail("it settled"),
      (error) => expect(error.code).to.equal("MINER_RETURNS"),
    );
    await federation.miners[1]!.chain.failRound(3n);
    await chain.wait(1);
    await federation.miners[1]!.chain.openRound();
  });

  it("is ratified by a round of two, which pays for itself alone", async () => {
    await decide(4, 200n * TOKEN);
    const { reader } = federation;
    expect((await reader.round(2n)).status).to.equal("ratified");
    expect(await reader.currentRound()).to.deep.include({ standsOn: [], payoutsTotal: 200n * TOKEN });
    await chain.wait(WHOLE_ROUND);
    expect([(await reader.round(2n)).final, (await reader.round(3n)).final]).to.deep.equal([true, true]);
    expect((await reader.finalPayouts())!.round).to.equal(4n);
    const client = federation.clients[0]!.address as Hex;
    const tree = payoutTree([{ client: client.toLowerCase(), cumulative: 200n * TOKEN }]);
    await federation.miners[0]!.chain.claim(client, 200n * TOKEN, tree.proof(client.toLowerCase() as Hex));
    expect(await reader.claimed(client)).to.equal(200n * TOKEN);
  });
});
