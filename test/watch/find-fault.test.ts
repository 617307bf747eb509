import { expect } from "chai";
import type { LoadedFederation } from "../../coordinator/ports/federation.ts";
import { fedAvg } from "../../coordinator/protocol/aggregation/fedavg.ts";
import { parseRuleText } from "../../coordinator/protocol/aggregation/rule.ts";
import { type Hex, toHex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import type { Model } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../coordinator/protocol/model/safetensors.ts";
import { encodeManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import type { Candidate } from "../../coordinator/protocol/round/messages.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "../../coordinator/protocol/round/references.ts";
import { EMPTY_VIEW } from "../../coordinator/protocol/views/federation-view.ts";
import { type Fault, findFault } from "../../coordinator/watch/find-fault.ts";
import { expectRejection } from "../ports/expect-rejection.ts";

const DIMENSION = 150;
const CAP = 1_000n;
const CLIENTS = [1, 2, 3].map((k): Hex => `0x${`0${k}`.repeat(20)}`);

/** A round's files, as any miner serves them, and the candidate that names them. */
class Files {
  readonly stored = new Map<Hex, Uint8Array>();
  readonly updates: SignedUpdate[];
  readonly claimed: Float32Array;

  constructor(rows: readonly Float32Array[]) {
    this.updates = rows.map((floats, k) => ({
      client: CLIENTS[k]!,
      signature: `0x${"ab".repeat(64)}`,
      update: {
        ...{ round: 4n, openingHash: ZERO_HASH, baseRoot: ZERO_HASH },
        modelRoot: this.store(floats),
        modelCid: modelRoot(modelOf(floats)),
        sampleCount: 100n,
      },
    }));
    this.claimed = fedAvg(rows.map((floats) => ({ floats: finite(floats), sampleCount: 100 })));
  }

  /** A model's root stands for its CID. */
  store(floats: Float32Array): Hex {
    const root = modelRoot(modelOf(floats));
    this.stored.set(root, encodeModel(modelOf(floats)));
    return root;
  }

  candidate(): Candidate {
    const root = this.store(this.claimed);
    const manifestCid: Hex = `0x${"cd".repeat(32)}`;
    const { updates } = this;
    const header = { round: 4n, openingHash: ZERO_HASH, baseRoot: ZERO_HASH };
    const manifest = { ...header, updates, coalitionScores: null, shapley: null, payouts: [] };
    this.stored.set(manifestCid, encodeManifestFile(manifest));
    return {
      ...header,
      ...{ modelRoot: root, modelCid: root, manifestCid },
      updatesHash: updatesHash(updates.map(referenceOf)),
      ...{ payoutsRoot: ZERO_HASH, payoutsTotal: 0n, updateCount: 3, totalSamples: 300n, validationScore: 0 },
    };
  }

  find(rule = "fedavg", coordinate?: number): Promise<Fault | undefined> {
    return findFault(
      {
        chain: { recentView: async () => viewWith(CLIENTS) },
        content: { get: async (digest) => this.stored.get(digest) ?? absent(digest) },
        federation: {
          task: { rule: parseRuleText(rule) },
          genesis: modelOf(new Float32Array(DIMENSION)),
          modelBytes: 1 << 20,
        } as unknown as LoadedFederation,
        aggregator: async (_, rows) => ({
          floats: fedAvg(
            rows.map(({ floats, sampleCount }) => ({ floats, sampleCount: Number(sampleCount) })),
          ),
          shares: rows.map(() => null),
        }),
      },
      this.candidate(),
      coordinate,
    );
  }
}

function absent(digest: Hex): never {
  throw new QuorateError("CONTENT_UNAVAILABLE", `${digest} is served by nobody`, { digest });
}

function finite(floats: Float32Array): Float32Array {
  return floats.map((value) => (Math.abs(value) < 1_024 ? value : 0));
}

function modelOf(floats: Float32Array): Model {
  const tensors = [{ name: "w", dtype: "F32" as const, shape: [floats.length] }];
  return { tensors, metadata: {}, floats, others: new Uint8Array() };
}

function viewWith(clients: readonly Hex[]) {
  const terms = [{ key: ZERO_HASH, sampleCap: CAP, active: true, fromRound: 1n }];
  const known = clients.map((client) => [client, { client, terms, claimed: 0n }] as const);
  return { ...EMPTY_VIEW, clients: new Map(known) };
}

function rows(): Float32Array[] {
  return [1, 2, 3].map((k) => Float32Array.from({ length: DIMENSION }, (_, j) => (k * (j + 1)) / 512));
}

describe("looking for a fault in a candidate", () => {
  it("finds none in an honest one", async () => {
    expect(await new Files(rows()).find()).to.equal(undefined);
  });

  it("finds a wrong weight, even one that is no number", async () => {
    for (const wrong of [0.25, 2 ** 30, Number.NaN]) {
      const files = new Files(rows());
      files.claimed[99] = wrong;
      expect(await files.find()).to.include({ coordinate: 99, verdict: "wrong" });
    }
  });

  it("finds an entry that no miner may use, before it aggregates", async () => {
    const over = new Files(rows());
    over.updates[1] = withSamples(over.updates[1]!, CAP + 1n);
    expect(await over.find()).to.include({ index: 1, verdict: "over-cap" });
    const none = new Files(rows());
    none.updates[2] = withSamples(none.updates[2]!, 0n);
    expect(await none.find()).to.include({ index: 2, verdict: "sample-count" });
    const stranger = new Files(rows());
    stranger.updates[2] = { ...stranger.updates[2]!, client: `0x${"ee".repeat(20)}` };
    expect(await stranger.find()).to.include({ index: 2, verdict: "not-client" });
    const twice = new Files(rows());
    twice.updates[1] = { ...twice.updates[1]!, client: twice.updates[0]!.client };
    expect(await twice.find()).to.include({ index: 1, verdict: "not-ascending" });
  });

  it("finds an update with a value nobody can compute with", async () => {
    for (const value of [2 ** 20, Number.POSITIVE_INFINITY, Number.NaN]) {
      const changed = rows();
      changed[0]![5] = value;
      const fault = await new Files(changed).find();
      expect(fault).to.include({ index: 0, coordinate: 5, verdict: "out-of-domain" });
      // Hashes, leaf, siblings.
      expect((fault!.proof as { opening: Hex }).opening).to.have.length(2 + 2 * (64 + 256 + 2 * 32));
    }
  });

  for (const rule of ["krum:1", "multi-krum:2", "meamed:1", "geometric-median", "nnm:1+median"])
    it(`names no weight under ${rule}, but an entry`, async () => {
      const files = new Files(rows());
      files.claimed[99] = 0.25;
      for (const coordinate of [undefined, 99])
        await expectRejection("FAULT_RULE_NOT_PROVABLE", files.find(rule, coordinate));
      files.updates[1] = withSamples(files.updates[1]!, CAP + 1n);
      expect(await files.find(rule)).to.include({ index: 1, verdict: "over-cap" });
    });

  it("fetches nothing for a weight that no contract can judge", async () => {
    const files = new Files(rows());
    const candidate = files.candidate();
    files.stored.clear();
    files.candidate = () => candidate;
    await expectRejection("CONTENT_UNAVAILABLE", files.find("fedavg", 99));
    await expectRejection("FAULT_RULE_NOT_PROVABLE", files.find("krum:1", 99));
  });

  it("leaves a manifest that is not the candidate's to the vote", async () => {
    const files = new Files(rows());
    const original = files.candidate.bind(files);
    files.candidate = () => ({ ...original(), updatesHash: toHex(new Uint8Array(32)) });
    await expectRejection("FAULT_LIST", files.find());
  });
});

function withSamples(signed: SignedUpdate, sampleCount: bigint): SignedUpdate {
  return { ...signed, update: { ...signed.update, sampleCount } };
}
