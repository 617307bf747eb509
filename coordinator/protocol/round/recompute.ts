import { type Aggregate, type AggregationContext, aggregate } from "../aggregation/reference.ts";
import { formatRule, type Rule } from "../aggregation/rule.ts";
import type { Hex } from "../bytes.ts";
import { fromHex, keccak } from "../bytes.ts";
import { gtgShapley } from "../incentives/gtg-shapley.ts";
import { cumulativeTable, type PayoutRow, payoutTree, roundPayouts } from "../incentives/payouts.ts";
import { exactShapley } from "../incentives/shapley.ts";
import type { Sha256 } from "../model/merkle.ts";
import { type Model, withFloats } from "../model/model.ts";
import { modelRoot } from "../model/model-root.ts";
import { encodeModel } from "../model/safetensors.ts";
import { encodeManifestFile, type ManifestFile, type Selection } from "./manifest-file.ts";
import type { Candidate } from "./messages.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "./references.ts";

/** Exact Shapley values up to this many updates; sampled (GTG-Shapley) above. */
export const EXACT_SHAPLEY_CLIENTS = 10;

/** Tells bucketing's draw from the Shapley values'. */
const BUCKETING_SEED = 1;

/** Scores models and coalitions of updates; the functions of the evaluator port. */
export interface Scorer {
  score(model: Model): Promise<number>;
  coalitionScores(base: Model, updates: readonly WeightedModel[]): Promise<number[]>;
  coalitionScore(base: Model, updates: readonly WeightedModel[], members: readonly number[]): Promise<number>;
}

/** Applies a rule; every engine gives the bits of the reference. */
export type Aggregator = (
  rule: Rule,
  updates: readonly WeightedModel[],
  context: AggregationContext,
) => Promise<Aggregate>;

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
  /** The federation's, from its task file. */
  readonly rule: Rule;
  /** The reference in this thread by default. */
  readonly aggregator?: Aggregator;
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
 * @throws QuorateError AGGREGATION_TOO_FEW if the rule needs more updates than the round has; other AGGREGATION_ codes
 */
export async function recompute(input: RoundInput): Promise<RoundResult> {
  const weighted = input.updates.map(({ signed, model }) => ({
    floats: model.floats,
    sampleCount: signed.update.sampleCount,
  }));
  const { floats, shares } = await applyRule(input, weighted);
  const model = withFloats(input.base, floats);
  const modelBytes = encodeModel(model);
  const worth = await valueUpdates(input, { weighted, shares, model });
  const payouts = payUpdates(input, worth);
  const manifest: ManifestFile = {
    round: input.round,
    openingHash: input.openingHash,
    baseRoot: input.baseRoot,
    updates: input.updates.map(({ signed }) => signed),
    coalitionScores: worth.coalitionScores,
    shapley: worth.shapley,
    payouts,
    ...(!isFedAvg(input.rule) && { selection: selectionOf(input, shares) }),
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

/** FedAvg and nothing before it: every update has a part, and the grand coalition's score is the model's. */
function isFedAvg(rule: Rule): boolean {
  return rule.name === "fedavg" && !rule.pre?.length;
}

/** Every voter must draw the same numbers, and no proposer may choose them: seeds are made of the round's inputs. */
function seedOf({ openingHash, updates }: RoundInput, ...purpose: readonly number[]): Uint8Array {
  const references = updatesHash(updates.map(({ signed }) => referenceOf(signed)));
  return fromHex(keccak(new Uint8Array([...fromHex(openingHash), ...fromHex(references), ...purpose])));
}

async function applyRule(input: RoundInput, weighted: readonly WeightedModel[]): Promise<Aggregate> {
  const context = { centre: input.base.floats, seed: seedOf(input, BUCKETING_SEED) };
  const apply = input.aggregator ?? (async (...args: Parameters<Aggregator>) => aggregate(...args));
  return apply(input.rule, weighted, context);
}

function selectionOf({ rule, updates }: RoundInput, shares: Aggregate["shares"]): Selection {
  const unweighted = updates.filter((_, k) => shares[k] === 0).map(({ signed }) => signed.client);
  return {
    rule: formatRule(rule),
    // A part too small for a basis point is still a part.
    weights: shares.map((share) => share && Math.max(1, Math.round(share * 10_000))),
    unweighted: unweighted.map((client) => ({ client, reason: `left out by ${rule.name}` })),
  };
}

async function valueUpdates(
  input: RoundInput,
  {
    weighted,
    shares,
    model,
  }: { weighted: readonly WeightedModel[]; shares: Aggregate["shares"]; model: Model },
): Promise<Worth> {
  const { scorer, base, rule } = input;
  if (!scorer) return { score: 0, coalitionScores: null, shapley: null };
  // An update without weight changed nothing, so it is worth nothing.
  const valued = weighted.filter((_, k) => shares[k] !== 0);
  if (valued.length <= EXACT_SHAPLEY_CLIENTS) {
    const coalitionScores = await scorer.coalitionScores(base, valued);
    const score = isFedAvg(rule) ? coalitionScores.at(-1)! : await scorer.score(model);
    return { score, coalitionScores, shapley: amongAll(exactShapley(coalitionScores), shares) };
  }
  const shapley = await gtgShapley({
    n: valued.length,
    seed: seedOf(input),
    value: (members) => scorer.coalitionScore(base, valued, members),
  });
  return { score: await scorer.score(model), coalitionScores: null, shapley: amongAll(shapley, shares) };
}

/** Puts the values of the updates with weight back in their places; the others are worth 0. */
function amongAll(
  { numerators, denominator }: NonNullable<ManifestFile["shapley"]>,
  shares: Aggregate["shares"],
): NonNullable<ManifestFile["shapley"]> {
  const values = numerators.values();
  return { numerators: shares.map((share) => (share === 0 ? 0n : values.next().value!)), denominator };
}
