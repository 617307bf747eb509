import { expect } from "chai";
import type { VoteMessage } from "../../../coordinator/ports/transport.ts";
import type { Candidate } from "../../../coordinator/protocol/round/messages.ts";
import { hasAnvil, startAnvil } from "../../explorer/chains.ts";
import { TEST_PARAMETERS, type TestChain } from "./federation.ts";
import {
  candidateOf,
  createFederation,
  postTogether,
  signVote,
  type TestFederation,
  TOKEN,
} from "./members.ts";
import { expectViewEqualsGetters } from "./views.ts";

describe("chain adapter: a chain reorganised under a settlement", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let candidate: Candidate;
  let votes: VoteMessage[];
  before(async function () {
    if (!hasAnvil()) return this.skip();
    chain = await startAnvil();
    federation = await createFederation(chain, { stakes: [3000n * TOKEN, 3000n * TOKEN] });
    await federation.miners[0]!.chain.openRound();
    await chain.wait(TEST_PARAMETERS.collectMin);
    candidate = await candidateOf(federation, 1);
    const proposers = await postTogether(federation, candidate);
    votes = await Promise.all(proposers.map((miner) => signVote(federation, miner, candidate)));
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });

  it("shows the round open again, and takes the same votes in another settlement", async () => {
    const { reader, miners } = federation;
    const opening = (await reader.currentRound())!.openingHash;
    const first = await miners[0]!.chain.settle(1n, votes);
    expect(await reader.currentRound()).to.deep.include({ round: 2n, status: "open" });
    const lost = (await reader.currentRound())!.openingHash;
    await chain.provider.send("anvil_reorg", [1, []]);
    expect(await reader.currentRound()).to.deep.include({ round: 1n, status: "open", openingHash: opening });
    await expectViewEqualsGetters(federation);
    // The nonce of the lost settlement is free again, and its ledger has it as mined: whoever settles now signs anew.
    await chain.mine(1);
    const second = await miners[0]!.chain.settle(1n, votes);
    expect(second.block).to.be.greaterThan(first.block);
    const next = (await reader.currentRound())!;
    expect(next).to.deep.include({ round: 2n, status: "open" });
    // What was signed for the lost opening is no double signature: it names another one.
    expect(next.openingHash).not.to.equal(lost);
    expect((await reader.round(1n)).candidates[0]!.candidate).to.deep.equal(candidate);
    await expectViewEqualsGetters(federation);
  });
});
