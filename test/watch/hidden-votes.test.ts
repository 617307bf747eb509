import { expect } from "chai";
import { encodeVote } from "../../coordinator/adapters/chain/encode.ts";
import type { QuorateWriter } from "../../coordinator/adapters/chain/writer.ts";
import { openEvidence } from "../../coordinator/adapters/evidence/file-evidence.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import type { VoteMessage } from "../../coordinator/ports/transport.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { Candidate } from "../../coordinator/protocol/round/messages.ts";
import { createWatch, type WatchEvent } from "../../coordinator/watch/watch.ts";
import { startChain, TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import { deployForwarder, type Forwarder, settleWith } from "../adapters/chain/forwarder.ts";
import {
  createFederation,
  outsider,
  postTogether,
  signVote,
  type TestFederation,
  type TestMiner,
  TOKEN,
} from "../adapters/chain/members.ts";
import { smallCandidate, smallSearch } from "./small-candidate.ts";

const STAKE = 1_000n * TOKEN;

/** All three say yes to a wrong candidate, and hide that from whoever reads call data. */
describe("a wrong candidate whose votes are hard to read", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let forwarder: Forwarder;
  let tower: QuorateWriter;
  let stored: Map<Hex, Uint8Array>;
  let candidate: Candidate;
  let voter: TestMiner;
  let votes: VoteMessage[];
  let events: WatchEvent[];

  before(async () => {
    chain = await startChain();
  });
  after(() => chain?.stop());

  beforeEach(async () => {
    federation = await createFederation(chain, { stakes: [STAKE, STAKE, STAKE] });
    await federation.miners[0]!.chain.openRound();
    await chain.wait(TEST_PARAMETERS.collectMin);
    events = [];
    forwarder = await deployForwarder(federation);
    tower = await outsider(federation, 18);
    ({ candidate, stored } = await smallCandidate(federation, undefined, (right) => right.with(3, 9)));
    const ranked = await postTogether(federation, candidate);
    voter = ranked.at(-1)!;
    votes = await Promise.all(ranked.map((miner) => signVote(federation, miner, candidate)));
  });
  afterEach(() => {
    tower.close();
    federation.close();
  });

  const inspect = async (evidence = openEvidence()) => {
    const watch = createWatch({
      ...(await smallSearch(federation, stored)),
      challenger: tower.challenger,
      recoverer: createRecoverer(),
      evidence,
      emit: (event) => events.push(event),
    });
    await watch.inspect(await federation.reader.pendingTime());
  };
  const kinds = () => events.map(({ kind }) => kind);
  const slashes = async () => {
    const { miners } = await federation.reader.view();
    const ranked = [...federation.miners.filter((miner) => miner !== voter), voter];
    return ranked.map(({ address }) => miners.get(address.toLowerCase())!.slashed);
  };

  it("is proven wrong though another contract settled it, and costs its signers", async () => {
    await forwarder.settle(1n, votes);
    await inspect();
    expect(kinds()).to.deep.equal(["wrong", "proven"]);
    expect(await slashes()).to.deep.equal([STAKE / 2n, STAKE / 2n, 0n]);
    expect((await federation.reader.view()).rounds.get(1n)).to.deep.include({ status: "reverted" });
  });

  it("costs a voter whose yes only the evidence shows", async () => {
    await forwarder.settle(1n, votes);
    const evidence = openEvidence();
    const { vote: message, signature } = votes.at(-1)!;
    evidence.note({ signer: voter.key.address as Hex, signed: { kind: "Vote", message, signature } });
    await inspect(evidence);
    expect(await slashes()).to.deep.equal([STAKE / 2n, STAKE / 2n, STAKE / 2n]);
  });

  it("is proven wrong though another contract cast a vote", async () => {
    await forwarder.castVote(votes.at(-1)!);
    await inspect();
    expect(kinds()).to.deep.equal(["wrong", "proven"]);
    expect(await slashes()).to.deep.equal([STAKE / 2n, STAKE / 2n, 0n]);
  });

  it("costs a voter beside whose yes somebody put a forged one", async () => {
    await voter.chain.castVote(votes.at(-1)!);
    const record = (await federation.reader.view()).rounds.get(1n)!;
    const encoded = votes.map((message) => encodeVote(record, message)!);
    const { r, vs } = encoded[0]!;
    await settleWith(federation, candidate, [...encoded.slice(0, 2), { ...encoded[2]!, r, vs }]);
    expect((await federation.reader.view()).rounds.get(1n)!.skippedVotes).to.have.length(1);
    await inspect();
    expect(kinds()).to.deep.equal(["wrong", "proven"]);
    expect(await slashes()).to.deep.equal([STAKE / 2n, STAKE / 2n, STAKE / 2n]);
  });
});
