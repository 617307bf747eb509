import { expect } from "chai";
import { payoutTree } from "../../../coordinator/protocol/incentives/payouts.ts";
import { gasOfRound, gasTotal } from "../../../coordinator/protocol/ledger/report.ts";
import { candidateId } from "../../../coordinator/protocol/round/messages.ts";
import { tallyOf, winnerOf } from "../../../coordinator/protocol/views/queries.ts";
import { startChain, type TestChain } from "./federation.ts";
import {
  byRank,
  candidateOf,
  createFederation,
  signCandidate,
  signVote,
  type TestFederation,
  TOKEN,
} from "./members.ts";
import { expectViewEqualsGetters } from "./views.ts";

describe("chain adapter: whole rounds", () => {
  let chain: TestChain;
  let federation: TestFederation;
  before(async () => {
    chain = await startChain();
    federation = await createFederation(chain, { stakes: [1000n * TOKEN, 1500n * TOKEN, 1200n * TOKEN] });
  });
  after(async () => {
    federation.close();
    await chain.stop();
  });

  it("opens, proposes, votes and settles, and the view follows", async () => {
    const { reader } = federation;
    await expectViewEqualsGetters(federation);
    expect(await reader.currentRound()).to.equal(undefined);
    await federation.miners[0]!.chain.openRound();
    await expectViewEqualsGetters(federation);
    await chain.wait(3);
    const [primary, secondary, reserve] = await byRank(federation);
    const payouts = federation.clients.map((client, k) => ({
      client: client.address.toLowerCase(),
      cumulative: BigInt(30 + k) * TOKEN,
    }));
    const tree = payoutTree(payouts);
    const candidate = await candidateOf(federation, 1, { payoutsRoot: tree.root, payoutsTotal: tree.total });
    const signatures = await Promise.all(
      [secondary!, primary!].map((m) => signCandidate(federation, m, candidate)),
    );
    await primary!.chain.propose(candidate, signatures);
    const posted = (await reader.currentRound())!.candidates[0]!;
    expect(posted).to.deep.include({ id: candidateId(candidate), index: 0, rank: 0, candidate });
    expect(posted.signers).to.deep.equal([primary!.address, secondary!.address]);
    await expectViewEqualsGetters(federation);

    await reserve!.chain.castVote(await signVote(federation, reserve!, candidate, false));
    await expectViewEqualsGetters(federation);
    const votes = await Promise.all(
      [primary!, secondary!, reserve!].map((m) => signVote(federation, m, candidate)),
    );
    const before = (await reader.view()).rounds.get(1n)!;
    await secondary!.chain.settle(1n, votes.slice(0, 2)).catch((error) => {
      // Three equal votes are needed only if the no weighs too much; the draw decides who said no.
      expect(error.code).to.equal("UNDECIDED");
    });
    const record = (await reader.view()).rounds.get(1n)!;
    const outcome = tallyOf(
      { ...before, ended: record.ended, countedVotes: record.countedVotes },
      record.candidates[0]!,
    );
    expect(record.status === "agreed").to.equal(outcome.outcome === "agreed");
    await expectViewEqualsGetters(federation);
  });
});
