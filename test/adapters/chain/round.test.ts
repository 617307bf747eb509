import { expect } from "chai";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { isQuorateError } from "../../../coordinator/protocol/errors.ts";
import { payoutTree } from "../../../coordinator/protocol/incentives/payouts.ts";
import { gasOfRound, gasTotal, uniqueRows } from "../../../coordinator/protocol/ledger/report.ts";
import { type Candidate, candidateId } from "../../../coordinator/protocol/round/messages.ts";
import { tallyOf } from "../../../coordinator/protocol/views/queries.ts";
import { expectCode, receiptsOf } from "./expect.ts";
import { startChain, TEST_PARAMETERS, type TestChain, WHOLE_ROUND } from "./federation.ts";
import {
  byRank,
  candidateOf,
  createFederation,
  signCandidate,
  signVote,
  type TestFederation,
  type TestMiner,
  TOKEN,
} from "./members.ts";
import { expectViewEqualsGetters } from "./views.ts";

// One federation plays through its life; every step ends with the view compared with the contracts' getters.
describe("chain adapter: a federation's life", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  const votesOf = (miners: readonly TestMiner[], candidate: Candidate, support = true) =>
    Promise.all(miners.map((miner) => signVote(federation, miner, candidate, support)));
  const proposalsOf = (miners: readonly TestMiner[], candidate: Candidate) =>
    Promise.all(miners.map((miner) => signCandidate(federation, miner, candidate)));

  before(async () => {
    chain = await startChain();
    // The third may be absent: two of 3,000 make 86 %.
    federation = await createFederation(chain, { stakes: [3000n * TOKEN, 3000n * TOKEN, 1000n * TOKEN] });
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });
  afterEach(() => expectViewEqualsGetters(federation));

  const payouts = () =>
    federation.clients.map((client, k) => ({
      client: client.address.toLowerCase(),
      cumulative: BigInt(30 + k) * TOKEN,
    }));

  it("waits for its first round, then opens it", async () => {
    const { reader, miners } = federation;
    await expectViewEqualsGetters(federation);
    expect(await reader.currentRound()).to.equal(undefined);
    expect(await reader.client(federation.clients[0]!.address as Hex)).to.deep.include({ active: false });
    await miners[0]!.chain.openRound();
    const round = (await reader.currentRound())!;
    expect(round).to.deep.include({
      round: 1n,
      status: "open",
      expectedUpdates: 3,
      final: false,
      seedFrozen: false,
    });
    expect(round.activeWeight).to.equal(7000n * TOKEN);
    expect(await reader.client(federation.clients[0]!.address as Hex)).to.deep.include({ active: true });
    await expectCode(miners[1]!.chain.openRound(), "ROUND_ALREADY_OPEN");
  });

  it("judges by the pending block's time, though no block was mined since", async () => {
    const [primary, secondary] = await byRank(federation);
    const tree = payoutTree(payouts());
    const candidate = await candidateOf(federation, 1, { payoutsRoot: tree.root, payoutsTotal: tree.total });
    const proposals = await proposalsOf([secondary!, primary!], candidate);
    await expectCode(primary!.chain.propose(candidate, proposals), "COLLECT_NOT_OVER");
    await chain.provider.send("evm_increaseTime", [TEST_PARAMETERS.collectMin]);
    await primary!.chain.propose(candidate, proposals);
    const posted = (await federation.reader.currentRound())!.candidates[0]!;
    expect(posted).to.deep.include({ id: candidateId(candidate), index: 0, rank: 0, candidate });
    expect(posted.signers).to.deep.equal([primary!.address, secondary!.address]);
  });

  it("settles with the votes in whatever order, and opens the next round", async () => {
    const { reader, miners } = federation;
    const { candidate } = (await reader.currentRound())!.candidates[0]!;
    await expectCode(miners[0]!.chain.settle(1n, await votesOf(miners.slice(2), candidate)), "UNDECIDED");
    const votes = await votesOf([...miners].reverse(), candidate);
    const stranger = { ...votes[0]!, miner: federation.clients[0]!.address as Hex };
    const sent = await miners[0]!.chain.settle(1n, [stranger, ...votes, votes[1]!]);
    const record = (await reader.view()).rounds.get(1n)!;
    expect(record).to.deep.include({ status: "agreed", ratioBps: 10_000, participationBps: 10_000 });
    expect(record.skippedVotes).to.deep.equal([]);
    expect(tallyOf(record, record.candidates[0]!).outcome).to.equal("agreed");
    expect(await reader.submittedVotes(sent.hash)).to.have.length(3);
    expect((await reader.currentRound())!).to.deep.include({ round: 2n, baseRoot: candidate.modelRoot });
    expect((await reader.round(1n)).settledVoters).to.have.members(miners.map((miner) => miner.address));
    await expectCode(reader.round(7n), "ROUND_UNKNOWN");
  });

  it("claims what is final, once", async () => {
    const { miners, reader, clients } = federation;
    const tree = payoutTree(payouts());
    const [row] = payouts();
    const claim = () => miners[0]!.chain.claim(row!.client as Hex, row!.cumulative, tree.proof(row!.client));
    await expectCode(claim(), "NOT_FINAL");
    expect(await reader.finalPayouts()).to.equal(undefined);
    await chain.wait(TEST_PARAMETERS.challengeWindow);
    expect(await reader.finalPayouts()).to.deep.include({ round: 1n, root: tree.root });
    await expectCode(
      miners[0]!.chain.claim(row!.client as Hex, row!.cumulative + 1n, tree.proof(row!.client)),
      "PAYOUT_ROOT_UNKNOWN",
    );
    await claim();
    expect(await reader.claimed(clients[0]!.address as Hex)).to.equal(row!.cumulative);
    await expectCode(claim(), "NOTHING_TO_CLAIM");
  });

  it("follows proposers that sign apart, votes on chain, an absent miner and its late presence", async () => {
    const { reader, miners } = federation;
    const [primary, secondary] = await byRank(federation);
    const candidate = await candidateOf(federation, 2);
    await secondary!.chain.propose(candidate, await proposalsOf([secondary!], candidate));
    expect((await reader.currentRound())!.candidates[0]).to.deep.include({
      rank: 1,
      signers: [secondary!.address],
    });
    await expectViewEqualsGetters(federation);
    await primary!.chain.propose(candidate, await proposalsOf([primary!], candidate));
    await expectViewEqualsGetters(federation);
    const [first, second, third] = await votesOf(miners, candidate);
    await miners[0]!.chain.castVote(first!);
    await expectCode(miners[0]!.chain.castVote(first!), "INVALID_VOTE");
    await expectViewEqualsGetters(federation);
    await miners[1]!.chain.settle(2n, [first!, second!]);
    const record = (await reader.view()).rounds.get(2n)!;
    expect(record.participationBps).to.be.lessThan(10_000);
    // A vote that is on chain is not sent a second time.
    expect(record.skippedVotes).to.deep.equal([]);
    expect(await reader.submittedVotes(record.ended!.transaction)).to.have.length(1);
    expect(record.candidates[0]!.signers.map(({ miner }) => miner)).to.have.members([
      primary!.address,
      secondary!.address,
    ]);
    await expectViewEqualsGetters(federation);
    const { missed } = (await reader.view()).miners.get(miners[2]!.address.toLowerCase())!;
    expect(missed).to.equal(1);
    await miners[2]!.chain.castVote(third!);
    expect((await reader.view()).miners.get(miners[2]!.address.toLowerCase())!.missed).to.equal(0);
  });

  it("takes keys, stakes, exits and departures over at the next opening", async () => {
    const { reader, miners, clients, admin } = federation;
    const [leaver, keyChanger, richer] = [miners[2]!, miners[0]!, miners[1]!];
    const newKey = chain.wallet(18);
    await admin(chain.wallet(1)).setKey(newKey);
    await admin(chain.wallet(2)).topUp(500n * TOKEN);
    await admin(chain.wallet(3)).requestExit();
    await admin(chain.wallet(3)).setEndpoint("http://127.0.0.1:7");
    await admin(clients[2]!).leaveClient();
    await admin(clients[0]!).setClientKey(chain.wallet(17));
    await expectViewEqualsGetters(federation);
    // Nobody proposes: the round fails, and the next opening applies what is queued.
    await expectCode(miners[0]!.chain.failRound(3n), "TOO_EARLY_TO_FAIL");
    await chain.wait(WHOLE_ROUND);
    await miners[0]!.chain.failRound(3n);
    expect((await reader.currentRound())!.status).to.equal("failed");
    await expectViewEqualsGetters(federation);
    await miners[0]!.chain.openRound();
    const records = await reader.miners();
    expect(records.find(({ miner }) => miner === leaver.address)).to.equal(undefined);
    expect(records.find(({ miner }) => miner === keyChanger.address)!.key).to.equal(newKey.address);
    expect(records.find(({ miner }) => miner === richer.address)!.stake).to.equal(3500n * TOKEN);
    expect((await reader.client(clients[2]!.address as Hex))!.active).to.equal(false);
    expect((await reader.client(clients[0]!.address as Hex))!.key).to.equal(chain.wallet(17).address);
    await expectCode(admin(chain.wallet(3)).withdraw(), "STILL_UNBONDING");
    await chain.wait(2 * WHOLE_ROUND);
    await admin(chain.wallet(3)).withdraw();
  });

  it("follows rivals until both are disagreed", async () => {
    const { reader } = federation;
    // The windows of round 4 passed while the exit unbonded: it fails, and a fifth opens.
    await federation.miners[0]!.chain.failRound(4n);
    await federation.miners[0]!.chain.openRound();
    await chain.wait(TEST_PARAMETERS.collectMin);
    const miners = [{ ...federation.miners[0]!, key: chain.wallet(18) }, federation.miners[1]!];
    const { order } = (await reader.currentRound())!;
    const [primary, secondary] = order!.map((address) => miners.find((miner) => miner.address === address)!);
    const [one, two] = [await candidateOf(federation, 51), await candidateOf(federation, 52)];
    await secondary!.chain.propose(two, await proposalsOf([secondary!], two));
    await primary!.chain.propose(one, await proposalsOf([primary!], one));
    expect((await reader.currentRound())!.candidates.map(({ rank }) => rank)).to.deep.equal([1, 0]);
    await expectViewEqualsGetters(federation);
    const votes = [
      ...(await votesOf([primary!], one)),
      ...(await votesOf([secondary!], two)),
      ...(await votesOf([primary!], two, false)),
      ...(await votesOf([secondary!], one, false)),
    ];
    await primary!.chain.settle(5n, votes);
    const record = (await reader.view()).rounds.get(5n)!;
    expect(record).to.deep.include({ status: "failed", winner: null });
    expect(record.candidates.map((posted) => tallyOf(record, posted).outcome)).to.deep.equal([
      "disagreed",
      "disagreed",
    ]);
  });

  it("records every transaction once, a reverted one too, and the sum equals the receipts'", async () => {
    const { ledger, miners, reader } = federation;
    await miners[0]!.chain.openRound();
    await chain.wait(WHOLE_ROUND);
    // Both calls look good when they are estimated; only the first one in the block is.
    await chain.provider.send("evm_setAutomine", [false]);
    const both = Promise.allSettled(miners.slice(0, 2).map((miner) => miner.chain.failRound(6n)));
    while (ledger.pending().length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 100));
    await chain.provider.send("evm_mine", []);
    await chain.provider.send("evm_setAutomine", [true]);
    const outcomes = await both;
    expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(["fulfilled", "rejected"]);
    const refused = outcomes.find((outcome) => outcome.status === "rejected")!;
    expect(isQuorateError(refused.reason, "ROUND_NOT_OPEN")).to.equal(true);

    const receipts = await receiptsOf(chain);
    const own = new Set(ledger.rows().map((row) => row.hash));
    const sent = receipts.filter(({ hash }) => own.has(hash as Hex));
    expect(own.size).to.equal(ledger.rows().length);
    // All but the seven deployments.
    expect(receipts.length - sent.length).to.equal(7);
    expect(gasTotal(ledger.rows()).gasUsed).to.equal(
      sent.reduce((sum, receipt) => sum + receipt.gasUsed, 0n),
    );
    expect(gasTotal(ledger.rows()).fee).to.equal(sent.reduce((sum, receipt) => sum + receipt.fee, 0n));
    expect(ledger.rows().filter(({ status }) => status === "reverted")).to.have.length(1);

    const derived = await reader.gasLedger();
    const merged = uniqueRows([...ledger.rows(), ...derived]);
    const deployments = derived.filter(({ method }) => method === "deploy");
    expect(merged.length).to.equal(ledger.rows().length + deployments.length);
    for (const row of derived.filter(({ method }) => method !== "deploy"))
      expect(row).to.deep.equal(ledger.rows().find(({ hash }) => hash === row.hash));
    const phases = gasOfRound(derived, 1n);
    expect([phases.open, phases.propose, phases.settle, phases.claim].every((gas) => gas > 0n)).to.equal(
      true,
    );
    expect(gasOfRound(derived, 2n)).to.deep.include({ open: 0n });
    expect(gasOfRound(derived, 2n).vote > 0n).to.equal(true);
  });
});
