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
import { type Candidate, candidateId } from "../../coordinator/protocol/round/messages.ts";
import type { RoundResult } from "../../coordinator/protocol/round/recompute.ts";
import { canonicalUpdates, type SignedUpdate } from "../../coordinator/protocol/round/references.ts";
import { TestWorld } from "./harness.ts";
import { createTestEvaluator, DOMAIN, recoverer } from "./parts.ts";

/** An honest round, made anew before each test of the suite that calls this, and the judge of altered versions of it. */
export function judgedRound() {
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

  return {
    world,
    genesis,
    parameters,
    hidden,
    parts,
    sign,
    moved,
    judge,
    withUpdates,
    get store() {
      return store;
    },
    get view() {
      return view;
    },
    get updates() {
      return updates;
    },
    get honest() {
      return honest;
    },
  };
}
