import { expect } from "chai";
import { startChain, type TestChain } from "../adapters/chain/federation.ts";
import { TOKEN } from "../adapters/chain/members.ts";
import { audit, wrongNames } from "./audit.ts";
import { type AuditedFederation, createAuditedFederation, playRound } from "./round.ts";

describe("audit of degraded rounds", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let federation: AuditedFederation;
  const verdict = async (round: bigint) => wrongNames(await audit(federation, round));
  const returning = (owner: number) => {
    const key = chain.wallet(owner);
    const endpoint = `http://127.0.0.1:${9000 + owner}`;
    return federation.admin(key).registerMiner({ stake: 1000n * TOKEN, endpoint, key });
  };

  before(async () => {
    chain = await startChain();
    federation = await createAuditedFederation(chain);
    await federation.miners[0]!.chain.openRound();
    for (const owner of [2, 3]) await federation.admin(chain.wallet(owner)).requestExit();
    await playRound(federation);
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });

  it("recomputes what one miner decided, and finds nothing wrong with it", async () => {
    expect(await playRound(federation)).to.equal(2n);
    expect((await federation.reader.round(2n)).status).to.equal("degraded");
    expect(await verdict(2n)).to.deep.equal([]);
  });

  it("finds a degraded round wrong, and with it the round that ratified it", async () => {
    expect(await playRound(federation, { candidate: () => ({ payoutsTotal: 77n }) })).to.equal(3n);
    expect(await verdict(3n)).to.include("payout total");
    await returning(2);
    await federation.miners[0]!.chain.failRound(4n);
    await chain.wait(1);
    // Both sign what is right for itself, and vouch for what is not.
    expect(await playRound(federation)).to.equal(5n);
    expect((await federation.reader.round(3n)).status).to.equal("ratified");
    expect(await verdict(2n)).to.deep.equal([]);
    expect(await verdict(4n)).to.deep.equal([]);
    expect(await verdict(5n)).to.deep.equal(["degraded round 3"]);
  });
});
