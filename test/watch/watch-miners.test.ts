import { expect } from "chai";
import { encodeSettlement, encodeVote } from "../../coordinator/adapters/chain/encode.ts";
import type { QuorateWriter } from "../../coordinator/adapters/chain/writer.ts";
import { openEvidence } from "../../coordinator/adapters/evidence/file-evidence.ts";
import { signerOf } from "../../coordinator/adapters/keys/keystore.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import type { EvidenceBook } from "../../coordinator/ports/evidence.ts";
import type { LoadedFederation } from "../../coordinator/ports/federation.ts";
import { type Hex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { type Candidate, REASON, type Vote } from "../../coordinator/protocol/round/messages.ts";
import { createWatch, type WatchEvent } from "../../coordinator/watch/watch.ts";
import { startChain, TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import {
  byRank,
  createFederation,
  outsider,
  postTogether,
  signCandidate,
  signVote,
  type TestFederation,
  type TestMiner,
  TOKEN,
} from "../adapters/chain/members.ts";
import { DIMENSION, smallCandidate, smallSearch } from "./small-candidate.ts";

const STAKE = 1_000n * TOKEN;

/** A watchtower without a stake, on a real chain. The miner it looks at is no proposer. */
describe("watching what miners sign", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let tower: QuorateWriter;
  let stored: Map<Hex, Uint8Array>;
  let candidate: Candidate;
  let liar: TestMiner;
  let events: WatchEvent[];
  let evidence: EvidenceBook;

  before(async () => {
    chain = await startChain();
  });
  after(() => chain?.stop());

  /** A new federation with a posted candidate; `change` is made to its updates' list. */
  beforeEach(async () => {
    federation = await createFederation(chain, { stakes: [STAKE, STAKE, STAKE] });
    await federation.miners[0]!.chain.openRound();
    await chain.wait(TEST_PARAMETERS.collectMin);
    events = [];
    evidence = openEvidence();
    tower = await outsider(federation, 18);
    ({ candidate, stored } = await smallCandidate(federation));
    liar = (await postTogether(federation, candidate)).at(-1)!;
  });
  afterEach(() => {
    tower.close();
    federation.close();
  });

  const watchOf = async (by: QuorateWriter | undefined = tower) =>
    createWatch({
      recoverer: createRecoverer(),
      evidence,
      ...(await smallSearch(federation, stored)),
      ...(by && { challenger: by.challenger }),
      emit: (event) => events.push(event),
    });
  const inspect = async (watch: Awaited<ReturnType<typeof watchOf>>) => {
    const { timestamp } = await federation.reader.latestBlock();
    await watch.inspect(timestamp);
  };
  const told = (kind: WatchEvent["kind"]) => events.filter((event) => event.kind === kind);
  const slashOf = async (miner: TestMiner) =>
    (await federation.reader.view()).miners.get(miner.address.toLowerCase())!.slashed;

  /** A no of the liar, as it came over HTTP. */
  const noteNo = async (reason: Vote["reason"], reasonIndex = 0n, by = liar): Promise<void> => {
    const yes = await signVote(federation, by, candidate);
    const message: Vote = { ...yes.vote, support: false, reason, reasonIndex };
    const signature = await signerOf(by.key).sign(federation.domain, "Vote", message);
    evidence.note({ signer: by.key.address as Hex, signed: { kind: "Vote", message, signature } });
  };

  it("proves two votes on one candidate, one seen off chain and one cast, once", async () => {
    await noteNo(REASON.score);
    await liar.chain.castVote(await signVote(federation, liar, candidate));
    const watch = await watchOf();
    await inspect(watch);
    await inspect(watch);
    const miner = liar.address;
    expect(told("double-signature")).to.deep.equal([
      { kind: "double-signature", round: 1n, miner, message: "Vote" },
    ]);
    const [punished] = told("punished");
    // 30 % of half the stake.
    expect(punished).to.deep.include({ miner, round: 1n, bounty: 150n * TOKEN });
    expect((punished as { gas: bigint }).gas > 100_000n).to.equal(true);
    expect(told("punished")).to.have.length(1);
    expect(await slashOf(liar)).to.equal(STAKE / 2n);
    // Another tower is late, commits once and learns it.
    events = [];
    const late = await watchOf(federation.miners.find(({ address }) => address !== liar.address)!.chain);
    await inspect(late);
    await inspect(late);
    expect(told("unpunished").map((event) => (event as { code: string }).code)).to.deep.equal([
      "ALREADY_PUNISHED",
    ]);
    expect(await slashOf(liar)).to.equal(STAKE / 2n);
  });

  it("proves two votes that only chain data shows: one cast, one skipped in a settlement", async () => {
    await liar.chain.castVote(await signVote(federation, liar, candidate));
    const others = federation.miners.filter(({ address }) => address !== liar.address);
    const votes = await Promise.all(others.map((miner) => signVote(federation, miner, candidate)));
    const no = await signVote(federation, liar, candidate, false);
    const record = (await federation.reader.view()).rounds.get(1n)!;
    const { order } = (await federation.reader.currentRound())!;
    // The honest node leaves it out: the contract would skip it.
    const { votes: honest, content } = encodeSettlement(record, order, [...votes, no]);
    expect(honest).to.have.length(2);
    const all = [...honest, encodeVote(record, no)!].sort((a, b) => a.seat - b.seat);
    const consensus = federation.reader.connection.contracts.RoundConsensus;
    const wallet = chain.wallet(17).connect(chain.provider);
    await (await consensus.connect(wallet).settle(1n, all, content)).wait();
    expect((await federation.reader.view()).rounds.get(1n)).to.deep.include({ status: "agreed" });
    await inspect(await watchOf());
    expect(told("punished")).to.have.length(1);
    expect(await slashOf(liar)).to.equal(STAKE / 2n);
  });

  it("proves two manifests, and two candidates", async () => {
    const [first, second] = [ZERO_HASH, `0x${"22".repeat(32)}` as Hex];
    const { round, openingHash } = candidate;
    const signer = liar.key.address as Hex;
    for (const updatesHash of [first, second]) {
      const message = { round, openingHash, updatesHash };
      const signature = await signerOf(liar.key).sign(federation.domain, "Manifest", message);
      evidence.note({ signer, signed: { kind: "Manifest", message, signature } });
    }
    const [primary] = await byRank(federation);
    const other = { ...candidate, validationScore: 1 };
    const { signature } = await signCandidate(federation, primary!, other);
    evidence.note({
      signer: primary!.key.address as Hex,
      signed: { kind: "Candidate", message: other, signature },
    });
    await inspect(await watchOf());
    expect(
      told("double-signature")
        .map((event) => (event as { message: string }).message)
        .sort(),
    ).to.deep.equal(["Candidate", "Manifest"]);
    expect(told("punished")).to.have.length(2);
  });

  it("refutes a no to a coordinate that is right, and to an entry that is right and signed", async () => {
    await noteNo(REASON.coordinate, 7n);
    const watch = await watchOf();
    await inspect(watch);
    const { miner } = { miner: liar.address };
    expect(told("false-no")[0]).to.deep.include({ miner, reason: "coordinate", index: 7n });
    expect(told("punished")[0]).to.deep.include({ miner, bounty: 30n * TOKEN });
    expect(await slashOf(liar)).to.equal(STAKE / 10n);
    await inspect(watch);
    expect(told("punished")).to.have.length(1);
  });

  it("refutes a no to an entry that is right and signed by its client", async () => {
    await noteNo(REASON.reference, 1n);
    await inspect(await watchOf());
    expect(told("false-no")[0]).to.deep.include({ reason: "reference", index: 1n });
    expect(told("punished")[0]).to.deep.include({ bounty: 30n * TOKEN });
    expect(await slashOf(liar)).to.equal(STAKE / 10n);
  });

  it("leaves a no alone that is true, names nothing that exists, or rests on the vote", async () => {
    const others = federation.miners.filter(({ address }) => address !== liar.address);
    await noteNo(REASON.reference, 99n);
    await noteNo(REASON.coordinate, BigInt(DIMENSION), others[0]);
    await noteNo(REASON.score, 0n, others[1]);
    await inspect(await watchOf());
    for (const kind of ["false-no", "double-signature", "punished", "unpunished"] as const)
      expect(told(kind), kind).to.deep.equal([]);
  });

  it("does not accuse itself, and without a key only tells", async () => {
    await noteNo(REASON.score);
    await liar.chain.castVote(await signVote(federation, liar, candidate));
    const own = federation.miners.find(({ address }) => address === liar.address)!;
    await inspect(await watchOf(own.chain));
    expect(told("double-signature")).to.deep.equal([]);
    const { chain: reader } = { chain: federation.reader };
    const watch = createWatch({
      ...{ chain: reader, recoverer: createRecoverer(), evidence },
      content: { get: () => Promise.reject(new QuorateError("CONTENT_UNAVAILABLE", "nobody", {})) },
      federation: { federation: await reader.federation() } as unknown as LoadedFederation,
      aggregator: () => Promise.reject(new Error("never asked")),
      emit: (event) => events.push(event),
    });
    await inspect(watch);
    await inspect(watch);
    expect(told("double-signature")).to.have.length(1);
    expect(await slashOf(liar)).to.equal(0n);
  });
});
