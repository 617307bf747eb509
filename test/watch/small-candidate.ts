import { signerOf } from "../../coordinator/adapters/keys/keystore.ts";
import type { LoadedFederation } from "../../coordinator/ports/federation.ts";
import { fedAvg } from "../../coordinator/protocol/aggregation/fedavg.ts";
import { parseRuleText } from "../../coordinator/protocol/aggregation/rule.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import type { Model } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../coordinator/protocol/model/safetensors.ts";
import { encodeManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import type { Candidate } from "../../coordinator/protocol/round/messages.ts";
import type { Aggregator } from "../../coordinator/protocol/round/recompute.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "../../coordinator/protocol/round/references.ts";
import { candidateOf, type TestFederation } from "../adapters/chain/members.ts";

/** Values of a model of the tests' federations. */
export const DIMENSION = 10;

/** Weights of three updates, one for each client. */
const ROWS = [1, 2, 3].map((k) => Float32Array.from({ length: DIMENSION }, (_, j) => (k * (j + 1)) / 64));

/** A candidate of the open round, right unless `claim` makes it wrong, and all files it names; a model's root stands for its CID. */
export async function smallCandidate(
  federation: TestFederation,
  rows: readonly Float32Array[] = ROWS,
  claim: (right: Float32Array) => Float32Array = (right) => right,
): Promise<{ candidate: Candidate; stored: Map<Hex, Uint8Array> }> {
  const stored = new Map<Hex, Uint8Array>();
  const store = (floats: Float32Array): Hex => {
    const root = modelRoot(modelOf(floats));
    stored.set(root, encodeModel(modelOf(floats)));
    return root;
  };
  const { round, openingHash, baseRoot } = (await federation.reader.currentRound())!;
  const updates: SignedUpdate[] = [];
  for (const [k, wallet] of federation.clients.toSorted(byAddress).entries()) {
    const root = store(rows[k]!);
    const update = { round, openingHash, baseRoot, modelRoot: root, modelCid: root, sampleCount: 100n };
    const signature = await signerOf(wallet).sign(federation.domain, "Update", update);
    updates.push({ client: wallet.address as Hex, update, signature });
  }
  const manifestCid: Hex = `0x${"cd".repeat(32)}`;
  const manifest = {
    round,
    openingHash,
    baseRoot,
    updates,
    coalitionScores: null,
    shapley: null,
    payouts: [],
  };
  stored.set(manifestCid, encodeManifestFile(manifest));
  const claimed = store(claim(fedAvg(rows.map((floats) => ({ floats, sampleCount: 100 })))));
  const names = { modelRoot: claimed, modelCid: claimed, manifestCid };
  const references = updates.map(referenceOf);
  return {
    candidate: await candidateOf(federation, 1, { ...names, updatesHash: updatesHash(references) }),
    stored,
  };
}

/** What a watchtower looks through, with nothing but these files. */
export async function smallSearch({ reader }: TestFederation, stored: ReadonlyMap<Hex, Uint8Array>) {
  return {
    // A pass must not read the whole history.
    chain: { ...reader, view: () => Promise.reject(new Error("the complete history was asked for")) },
    content: {
      get: async (digest: Hex) => {
        const bytes = stored.get(digest);
        if (bytes) return bytes;
        throw new QuorateError("CONTENT_UNAVAILABLE", `${digest} is served by nobody`, { digest });
      },
    },
    federation: {
      federation: await reader.federation(),
      task: { rule: parseRuleText("fedavg") },
      genesis: modelOf(new Float32Array(DIMENSION)),
      modelBytes: 1 << 20,
    } as unknown as LoadedFederation,
    aggregator: (async (_, rows) => ({
      floats: fedAvg(rows.map(({ floats, sampleCount }) => ({ floats, sampleCount: Number(sampleCount) }))),
      shares: rows.map(() => null),
    })) as Aggregator,
  };
}

export function modelOf(floats: Float32Array): Model {
  const tensors = [{ name: "w", dtype: "F32" as const, shape: [floats.length] }];
  return { tensors, metadata: {}, floats, others: new Uint8Array() };
}

function byAddress(a: { address: string }, b: { address: string }): number {
  return a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1;
}
