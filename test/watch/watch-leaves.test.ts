import { expect } from "chai";
import type { QuorateWriter } from "../../coordinator/adapters/chain/writer.ts";
import { openEvidence } from "../../coordinator/adapters/evidence/file-evidence.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { leafOpening } from "../../coordinator/protocol/faults/leaf.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel, parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import type { Candidate } from "../../coordinator/protocol/round/messages.ts";
import { tokenTotals } from "../../coordinator/protocol/views/queries.ts";
import { createWatch, type WatchEvent } from "../../coordinator/watch/watch.ts";
import { startChain, TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import {
  createFederation,
  outsider,
  postTogether,
  type TestFederation,
  TOKEN,
} from "../adapters/chain/members.ts";
import { DIMENSION, modelOf, smallCandidate, smallSearch } from "./small-candidate.ts";

const STAKE = 1_000n * TOKEN;
const BOND = 10n * TOKEN;
/** Account without a stake that watches. */
const TOWER = 18;

/** A watchtower with tokens for bonds, on a real chain. */
describe("watching for data that nobody serves", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let tower: QuorateWriter;
  let stored: Map<Hex, Uint8Array>;
  let candidate: Candidate;
  let events: WatchEvent[];

  before(async () => {
    chain = await startChain();
  });
  after(() => chain?.stop());

  beforeEach(async () => {
    federation = await createFederation(chain, {
      stakes: [STAKE, STAKE, STAKE],
      // Answer time and grace fit into the window.
      parameters: { voteGrace: 100 },
    });
    await federation.miners[0]!.chain.openRound();
    await chain.wait(TEST_PARAMETERS.collectMin);
    events = [];
    tower = await outsider(federation, TOWER);
    await federation.admin(chain.wallet(0)).transferToken(tower.account, 3n * BOND);
    ({ candidate, stored } = await smallCandidate(federation));
    // Another model than any update: what is missing is told apart by its digest.
    const model = modelOf(new Float32Array(DIMENSION).fill(0.5));
    const root = modelRoot(model);
    stored.set(root, encodeModel(model));
    candidate = { ...candidate, modelRoot: root, modelCid: root };
    await postTogether(federation, candidate);
  });
  afterEach(() => {
    tower.close();
    federation.close();
  });

  const watchWith = async (bonds: number) =>
    createWatch({
      bonds,
      challenger: tower.challenger,
      recoverer: createRecoverer(),
      evidence: openEvidence(),
      ...(await smallSearch(federation, stored)),
      emit: (event) => events.push(event),
    });
  const pass = async (watch: Awaited<ReturnType<typeof watchWith>>, times = 1) => {
    for (let i = 0; i < times; i++) await watch.inspect(await federation.reader.pendingTime());
  };
  const kinds = () => events.map(({ kind }) => kind);
  const record = async () => (await federation.reader.view()).rounds.get(1n)!;
  /** Nobody serves the second update. */
  const withhold = (): Uint8Array => {
    const [digest, bytes] = [...stored][1]!;
    stored.delete(digest);
    return bytes;
  };

  it("asks after two misses, once, and sees the candidate struck if nobody answers", async () => {
    withhold();
    const watch = await watchWith(1);
    await pass(watch);
    expect(kinds()).to.deep.equal(["unproven"]);
    expect(watch.waiting()).to.equal(true);
    await pass(watch, 3);
    expect(kinds()).to.deep.equal(["unproven", "asked"]);
    const [asked] = (await record()).requests;
    expect(asked).to.include({ index: 1, requester: tower.account, state: "open", bond: BOND });
    expect(tokenTotals(await federation.reader.view()).bonds).to.equal(BOND);
    await chain.wait(TEST_PARAMETERS.answerTime + 1);
    await pass(watch);
    expect(kinds().at(-1)).to.equal("withheld");
    const { requests, faults, candidates } = await record();
    expect([requests[0]!.state, faults[0]!.slashBps, candidates[0]!.struck]).to.deep.equal([
      "withheld",
      1_000,
      true,
    ]);
    expect(tokenTotals(await federation.reader.view()).bonds).to.equal(0n);
    await pass(watch);
    expect(watch.waiting()).to.equal(false);
  });

  it("sends nothing while the federation is paused, and goes on after it", async () => {
    withhold();
    const watch = await watchWith(1);
    const consensus = federation.reader.connection.contracts.RoundConsensus;
    const governance = consensus.connect(chain.wallet(0).connect(chain.provider));
    await chain.mine(1);
    await (await governance.pause()).wait();
    await pass(watch, 3);
    expect(kinds()).to.deep.equal([]);
    expect(federation.ledger.rows().filter(({ actor }) => actor === tower.account)).to.deep.equal([]);
    await (await governance.resume()).wait();
    await pass(watch, 2);
    expect(kinds()).to.deep.equal(["unproven", "asked"]);
  });

  it("counts answered bonds, and asks no more than it may", async () => {
    const updates = [...stored].slice(0, 3);
    for (const [digest] of updates) stored.delete(digest);
    const watch = await watchWith(2);
    await pass(watch, 2);
    for (const lost of [1, 2]) {
      const [open] = await federation.reader.leafRequests();
      const [digest, bytes] = updates[lost - 1]!;
      const opening = leafOpening(parseModel(bytes), Number(open!.id.leaf));
      await federation.miners[0]!.chain.answerLeaf(open!.id, opening);
      stored.set(digest, bytes);
      await pass(watch);
      expect((await record()).requests.filter(({ state }) => state === "answered")).to.have.length(lost);
    }
    expect((await record()).requests.map(({ index }) => index)).to.deep.equal([0, 1]);
    // Another watch with the same account knows what was spent.
    await pass(await watchWith(2), 3);
    expect((await record()).requests).to.have.length(2);
  });

  it("asks for the model, and never without bonds or for a manifest that is gone", async () => {
    const manifest = stored.get(candidate.manifestCid)!;
    stored.delete(candidate.manifestCid);
    await pass(await watchWith(1), 3);
    stored.set(candidate.manifestCid, manifest);
    stored.delete(candidate.modelCid);
    await pass(await watchWith(0), 3);
    expect((await record()).requests).to.have.length(0);
    await pass(await watchWith(1), 2);
    expect((await record()).requests.map(({ index }) => index)).to.deep.equal([null]);
  });
});
