import { expect } from "chai";
import { createMemoryStore } from "../../coordinator/adapters/ipfs/memory-store.ts";
import { createBases } from "../../coordinator/node/bases.ts";
import { createJudge, type Verdict } from "../../coordinator/node/judge.ts";
import { createResults, hashOf } from "../../coordinator/node/results.ts";
import type { RoundView } from "../../coordinator/ports/chain.ts";
import type { ContentStore } from "../../coordinator/ports/content-store.ts";
import { parseRuleText } from "../../coordinator/protocol/aggregation/rule.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { type Model, withFloats } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../coordinator/protocol/model/safetensors.ts";
import { encodeManifestFile, type ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import {
  type Candidate,
  candidateId,
  REASON,
  withheldIndex,
} from "../../coordinator/protocol/round/messages.ts";
import type { RoundResult } from "../../coordinator/protocol/round/recompute.ts";
import { canonicalUpdates, type SignedUpdate } from "../../coordinator/protocol/round/references.ts";
import { TestWorld } from "./harness.ts";
import { createTestEvaluator, DOMAIN, recoverer } from "./parts.ts";

/** Judges altered versions of an honest round. */
describe("a verdict", () => {
  const world = new TestWorld({ parameters: { collectMin: 1 } });
  const { genesis } = world.federation;
  let store: ContentStore;
  let view: RoundView;
  let updates: SignedUpdate[];
  let honest: RoundResult;
  const hidden = new Set<string>();
  const { parameters } = world.chain;

  const content = {
    get: async (digest: Hex) => {
      if (hidden.has(digest) || !(await store.has(digest)))
        throw new QuorateError("CONTENT_UNAVAILABLE", `nobody serves ${digest}`);
      return store.read(digest);
    },
  };

  function parts(evaluator = true, rule = "fedavg") {
    const chain = world.chain.as(world.miners[0]!.address);
    const { task, ...rest } = world.federation;
    const shared = {
      chain,
      store,
      content,
      recoverer,
      federation: { ...rest, task: { ...task, rule: parseRuleText(rule) } },
      ...(evaluator && { evaluator: createTestEvaluator() }),
    };
    const results = createResults({ ...shared, bases: createBases(shared) });
    return { results, judge: createJudge({ ...shared, results, ownCandidate: () => undefined }) };
  }

  async function sign(client: number, model: Model, sampleCount = 10n): Promise<SignedUpdate> {
    const signer = world.clients[client]!;
    const update = {
      round: view.round,
      openingHash: view.openingHash,
      baseRoot: view.baseRoot,
      modelRoot: modelRoot(model),
      modelCid: await store.add(encodeModel(model)),
      sampleCount,
    };
    return { client: signer.address, update, signature: await signer.sign(DOMAIN, "Update", update) };
  }

  const moved = (shift: number) =>
    withFloats(
      genesis,
      genesis.floats.map((value) => value + shift),
    );

  beforeEach(async () => {
    hidden.clear();
    store = createMemoryStore();
    if (!world.chain.current()) world.chain.openRound();
    view = await world.chain.as(world.miners[0]!.address).round(1n);
    updates = canonicalUpdates(await Promise.all([0, 1, 2].map((k) => sign(k, moved(0.01 * (k + 1))))));
    honest = await parts().results.of({ view, parameters }, updates, new AbortController().signal);
  });

  function judge(
    candidate: Candidate,
    change: Partial<RoundView> = {},
    { evaluator = true, rule = "fedavg" } = {},
  ): Promise<Verdict> {
    const posted = {
      id: candidateId(candidate),
      index: 0,
      rank: 0,
      signers: [world.miners[1]!.address],
      candidate,
      transaction: `0x${"00".repeat(32)}` as Hex,
      postedAt: 0,
    };
    const { signal } = new AbortController();
    return parts(evaluator, rule).judge.judge({ view: { ...view, ...change }, parameters }, posted, {
      signal,
      patience: signal,
    });
  }

  /** A candidate with another list of updates, everything else as a cheating proposer would claim it. */
  async function withUpdates(list: readonly SignedUpdate[]): Promise<Candidate> {
    const manifest: ManifestFile = { ...honest.manifest, updates: list };
    return {
      ...honest.candidate,
      updatesHash: hashOf(list),
      updateCount: list.length,
      manifestCid: await store.add(encodeManifestFile(manifest)),
    };
  }

  const expectNo = (verdict: Verdict, reason: number, reasonIndex: bigint) =>
    expect(verdict).to.deep.equal({ support: false, confidence: 10_000, reason, reasonIndex });

  it("on an honest candidate is yes, with full confidence", async () => {
    expect(await judge(honest.candidate)).to.deep.equal({
      support: true,
      confidence: 10_000,
      reason: 0,
      reasonIndex: 0n,
    });
  });

  it("without an evaluator is yes with 8,000 if the model is right", async () => {
    const { results } = parts(false);
    const { candidate } = await results.of({ view, parameters }, updates, new AbortController().signal);
    expect((await judge(candidate, {}, { evaluator: false })).confidence).to.equal(8_000);
  });

  /** The result of a rule, but for two weights. */
  async function wrongModel(rule: string): Promise<Candidate> {
    const { signal } = new AbortController();
    const { model, candidate } = await parts(true, rule).results.of({ view, parameters }, updates, signal);
    const floats = model.floats.slice();
    floats[6] = 0.5;
    floats[3] = 0.25;
    const wrong = withFloats(genesis, floats);
    return { ...candidate, modelRoot: modelRoot(wrong), modelCid: await store.add(encodeModel(wrong)) };
  }

  for (const rule of ["fedavg", "median", "trimmed-mean:1"])
    it(`names the first wrong coordinate of ${rule}, which a contract can check`, async () => {
      expectNo(await judge(await wrongModel(rule), {}, { rule }), REASON.coordinate, 3n);
    });

  for (const rule of ["multi-krum:0", "meamed:1", "geometric-median", "nnm:1+median"])
    it(`names no coordinate of ${rule}, where it would prove nothing: a wrong model rests on the vote`, async () => {
      expectNo(await judge(await wrongModel(rule), {}, { rule }), REASON.payouts, 0n);
    });

  it("says withheld, of the aggregate, if nobody serves the claimed model or it is not the one named", async () => {
    const aggregate = withheldIndex(3, 0);
    const unseen = { ...honest.candidate, modelRoot: `0x${"77".repeat(32)}` as Hex };
    expectNo(await judge({ ...unseen, modelCid: `0x${"78".repeat(32)}` }), REASON.withheld, aggregate);
    expectNo(await judge(unseen), REASON.withheld, aggregate);
  });

  it("says score if the claimed score is not the recomputed one", async () => {
    const { validationScore } = honest.candidate;
    const boasted = { ...honest.candidate, validationScore: validationScore + 1 };
    expectNo(await judge(boasted), REASON.score, 0n);
  });

  it("says score if the score fell more than 0.05 below the best of recent rounds", async () => {
    const { validationScore } = honest.candidate;
    expect((await judge(honest.candidate, { bestRecentScore: validationScore + 50 })).support).to.equal(true);
    expectNo(await judge(honest.candidate, { bestRecentScore: validationScore + 51 }), REASON.score, 0n);
  });

  it("says payouts if payouts or the manifest are not the recomputed ones", async () => {
    const greedy = { ...honest.candidate, payoutsTotal: honest.candidate.payoutsTotal + 1n };
    expectNo(await judge(greedy), REASON.payouts, 0n);
    const payouts = honest.manifest.payouts.slice(1);
    const manifestCid = await store.add(encodeManifestFile({ ...honest.manifest, payouts }));
    expectNo(await judge({ ...honest.candidate, manifestCid }), REASON.payouts, 0n);
  });

  it("says payouts if the record is not the one of the candidate's list", async () => {
    const noRecord = await store.add(new TextEncoder().encode("not a manifest"));
    expectNo(await judge({ ...honest.candidate, manifestCid: noRecord }), REASON.payouts, 0n);
    const other = { ...honest.candidate, updatesHash: `0x${"55".repeat(32)}` as Hex };
    expectNo(await judge(other), REASON.payouts, 0n);
    const counted = { ...honest.candidate, updateCount: 2 };
    expectNo(await judge(counted), REASON.payouts, 0n);
  });

  it("says withheld if nobody serves the record, or an update, which is named", async () => {
    hidden.add(honest.candidate.manifestCid);
    expectNo(await judge(honest.candidate), REASON.withheld, 0n);
    hidden.clear();
    hidden.add(updates[1]!.update.modelCid);
    expectNo(await judge(honest.candidate), REASON.withheld, withheldIndex(1, 0));
  });

  it("says withheld if the file an update names is not the model it commits to", async () => {
    const signer = world.clients[0]!;
    const { update } = updates.find(({ client }) => client === signer.address)!;
    const lying = { ...update, modelCid: await store.add(encodeModel(moved(0.5))) };
    const signature = await signer.sign(DOMAIN, "Update", lying);
    const list = canonicalUpdates([
      ...updates.filter(({ client }) => client !== signer.address),
      { client: signer.address, update: lying, signature },
    ]);
    const k = list.findIndex(({ client }) => client === signer.address);
    expectNo(await judge(await withUpdates(list)), REASON.withheld, withheldIndex(k, 0));
  });

  const badEntry: readonly [string, (signed: SignedUpdate) => Promise<SignedUpdate>][] = [
    ["is not signed by its client", async (signed) => ({ ...signed, signature: `0x${"11".repeat(64)}` })],
    ["is of a client nobody registered", async (signed) => ({ ...signed, client: `0x${"ff".repeat(20)}` })],
    ["exceeds the client's cap", async () => sign(2, moved(0.03), 10_001n)],
    ["is out of bounds", async () => sign(2, moved(2_000))],
  ];
  for (const [what, change] of badEntry)
    it(`names the entry that ${what}`, async () => {
      const victim = world.clients[2]!.address;
      const bad = await change(updates.find(({ client }) => client === victim)!);
      const list = canonicalUpdates([...updates.filter(({ client }) => client !== victim), bad]);
      const k = list.findIndex(({ signature }) => signature === bad.signature);
      expectNo(await judge(await withUpdates(list)), REASON.reference, BigInt(k));
    });
});
