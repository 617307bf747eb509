import { fedAvg } from "../aggregation/fedavg.ts";
import type { Hex } from "../bytes.ts";
import { fromHex, keccak } from "../bytes.ts";
import { gtgShapley } from "../incentives/gtg-shapley.ts";
import { cumulativeTable, type PayoutRow, payoutTree, roundPayouts } from "../incentives/payouts.ts";
import { exactShapley } from "../incentives/shapley.ts";
import type { Sha256 } from "../model/merkle.ts";
import { type Model, withFloats } from "../model/model.ts";
import { modelRoot } from "../model/model-root.ts";
import { encodeModel } from "../model/safetensors.ts";
import { encodeManifestFile, type ManifestFile } from "./manifest-file.ts";
import type { Candidate } from "./messages.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "./references.ts";

/** Exact Shapley values up to this many updates; sampled (GTG-Shapley) above. */
export const EXACT_SHAPLEY_CLIENTS = 10;

/** Scores models and coalitions of updates; the functions of the evaluator port. */
export interface Scorer {
  score(model: Model): Promise<number>;
  coalitionScores(base: Model, updates: readonly WeightedModel[]): Promise<number[]>;
  coalitionScore(base: Model, updates: readonly WeightedModel[], members: readonly number[]): Promise<number>;
}

interface WeightedModel {
  readonly floats: Float32Array;
  readonly sampleCount: bigint;
}

/** Everything the result of a round follows from. */
export interface RoundInput {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly baseRoot: Hex;
  readonly base: Model;
  /** Canonical order (see canonicalUpdates), each with its parsed model. */
  readonly updates: readonly { readonly signed: SignedUpdate; readonly model: Model }[];
  /** Cumulative payouts of the last agreed round. */
  readonly previousPayouts: readonly PayoutRow[];
  /** Paid to the clients of this round, in the token's smallest unit. */
  readonly budget: bigint;
  /** Undefined in a federation without an evaluator. */
  readonly scorer?: Scorer;
  /** Digest of a file's dag-pb root under the protocol's CID settings. */
  readonly digest: (bytes: Uint8Array) => Promise<Hex>;
  readonly sha256?: Sha256;
}

export interface RoundResult {
  readonly candidate: Candidate;
  readonly model: Model;
  readonly modelBytes: Uint8Array;
  readonly manifest: ManifestFile;
  readonly manifestBytes: Uint8Array;
}

/**
 * Recomputes a round from its inputs: aggregate, score, Shapley values, payouts, files and the candidate that names
 * them. Proposers call it to make a candidate, voters and auditors to check one: equal inputs give equal bytes.
 */
export async function recompute(input: RoundInput): Promise<RoundResult> {
  const weighted = input.updates.map(({ signed, model }) => ({
    floats: model.floats,
    sampleCount: signed.update.sampleCount,
  }));
  const model = withFloats(input.base, fedAvg(weighted));
  const modelBytes = encodeModel(model);
  const worth = await valueUpdates(input, weighted, model);
  const payouts = payUpdates(input, worth);
  const manifest: ManifestFile = {
    round: input.round,
    openingHash: input.openingHash,
    baseRoot: input.baseRoot,
    updates: input.updates.map(({ signed }) => signed),
    coalitionScores: worth.coalitionScores,
    shapley: worth.shapley,
    payouts,
  };
  const manifestBytes = encodeManifestFile(manifest);
  const tree = payoutTree(payouts);
  const candidate: Candidate = {
    round: input.round,
    openingHash: input.openingHash,
    baseRoot: input.baseRoot,
    modelRoot: modelRoot(model, input.sha256),
    modelCid: await input.digest(modelBytes),
    updatesHash: updatesHash(manifest.updates.map(referenceOf)),
    manifestCid: await input.digest(manifestBytes),
    payoutsRoot: tree.root,
    payoutsTotal: tree.total,
    updateCount: input.updates.length,
    totalSamples: weighted.reduce((total, update) => total + update.sampleCount, 0n),
    validationScore: worth.score,
  };
  return { candidate, model, modelBytes, manifest, manifestBytes };
}

/** Cumulative payouts after the round. */
function payUpdates(input: RoundInput, { shapley }: Worth): PayoutRow[] {
  const addresses = input.updates.map(({ signed }) => signed.client);
  const amounts = roundPayouts(shapley?.numerators ?? addresses.map(() => 0n), addresses, input.budget);
  return cumulativeTable(
    input.previousPayouts,
    addresses.map((client, k) => ({ client, amount: amounts[k]! })),
  );
}

interface Worth {
  readonly score: number;
  readonly coalitionScores: number[] | null;
  readonly shapley: ManifestFile["shapley"];
}

async function valueUpdates(
  input: RoundInput,
  weighted: readonly WeightedModel[],
  model: Model,
): Promise<Worth> {
  const { scorer, base } = input;
  if (!scorer) return { score: 0, coalitionScores: null, shapley: null };
  if (weighted.length <= EXACT_SHAPLEY_CLIENTS) {
    const coalitionScores = await scorer.coalitionScores(base, weighted);
    return { score: coalitionScores.at(-1)!, coalitionScores, shapley: exactShapley(coalitionScores) };
  }
  const references = updatesHash(input.updates.map(({ signed }) => referenceOf(signed)));
  // Every voter must draw the same permutations, and no proposer may choose them: the seed is the round's inputs.
  const seed = fromHex(keccak(new Uint8Array([...fromHex(input.openingHash), ...fromHex(references)])));
  const shapley = await gtgShapley({
    n: weighted.length,
    seed,
    value: (members) => scorer.coalitionScore(base, weighted, members),
  });
  return { score: await scorer.score(model), coalitionScores: null, shapley };
}
