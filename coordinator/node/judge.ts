import type { PostedCandidate, RoundView } from "../ports/chain.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../protocol/errors.ts";
import { DEFAULT_MAX_EXPONENT, isJudged } from "../protocol/faults/judge.ts";
import { findOutOfDomain } from "../protocol/faults/reference.ts";
import type { Model } from "../protocol/model/model.ts";
import { checkUpdateAuthor, checkUpdateRound } from "../protocol/round/check-update.ts";
import { firstCoordinate, firstDifference } from "../protocol/round/compare.ts";
import {
  decodeManifestFile,
  MANIFEST_MAX_BYTES,
  type ManifestFile,
} from "../protocol/round/manifest-file.ts";
import { type Candidate, REASON, type Reason, withheldIndex } from "../protocol/round/messages.ts";
import { CONFIDENCE_FULL_BPS, CONFIDENCE_MODEL_ONLY_BPS, passesScore } from "../protocol/round/quality.ts";
import type { RoundResult } from "../protocol/round/recompute.ts";
import { readEvidence, readModel } from "../protocol/round/stored-files.ts";
import { hashOf, type ResultRound, type Results } from "./results.ts";
import type { MinerDeps } from "./types.ts";

/** What a miner thinks of a candidate, ready to be signed. */
export interface Verdict {
  readonly support: boolean;
  /** Basis points. */
  readonly confidence: number;
  readonly reason: Reason;
  readonly reasonIndex: bigint;
}

/** Judges posted candidates by recomputing them. */
export interface Judge {
  /** The verdict on a candidate and, if the round builds on degraded ones, on those: a yes vouches for them all. */
  /** `hint`: endpoint of a signer, asked first for the files. */
  judge(round: ResultRound, posted: PostedCandidate, limits: JudgeLimits): Promise<Verdict>;
  /** Recomputes the degraded rounds that a round builds on, each once: a no if one of them is not right. */
  ratify(round: ResultRound, limits: JudgeLimits): Promise<Verdict | undefined>;
}

export interface JudgeLimits {
  readonly signal: AbortSignal;
  /** Ends the search for files nobody serves; then the verdict is "withheld". */
  readonly patience: AbortSignal;
  readonly hint?: string;
}

/** Codes of a model that is there, but whose values the rules forbid. */
const OUT_OF_BOUNDS = ["MODEL_NAN", "MODEL_INFINITE", "MODEL_NEGATIVE_ZERO", "MODEL_OUT_OF_DOMAIN"];

/**
 * Codes of an entry that the contract finds wrong too. A no may name no other entry as wrong: whether a signature is bad
 * depends on the CID that was signed, which a manifest can misstate, and the contract looks at no value unless it is shown.
 * Its author could be slashed for a no that is true.
 */
const WRONG_ON_CHAIN = ["UPDATE_SAMPLE_COUNT", "UPDATE_UNKNOWN_CLIENT", "UPDATE_OVER_CAP"];

type JudgeDeps = Pick<
  MinerDeps,
  "chain" | "content" | "store" | "recoverer" | "evaluator" | "federation" | "sha256"
> & {
  readonly results: Results;
  /** Id of the candidate this miner signed itself in a round. */
  readonly ownCandidate: (view: RoundView) => Hex | undefined;
};

export function createJudge(deps: JudgeDeps): Judge {
  const { content, federation, sha256 } = deps;

  const fetchFile = async (digest: Hex, maxBytes: number, limits: JudgeLimits) => {
    const signal = AbortSignal.any([limits.signal, limits.patience]);
    try {
      return await content.get(digest, { maxBytes, signal, ...(limits.hint && { hint: limits.hint }) });
    } catch (error) {
      limits.signal.throwIfAborted();
      const gone = limits.patience.aborted || isQuorateError(error, "CONTENT_UNAVAILABLE");
      if (gone || isQuorateError(error, "CONTENT_TOO_LARGE")) return undefined;
      throw error;
    }
  };

  /** A no if an entry of the manifest breaks a rule; undefined if all hold and all models are here. */
  const checkEntries = async (
    { view }: ResultRound,
    manifest: ManifestFile,
    limits: JudgeLimits,
  ): Promise<Verdict | undefined> => {
    const { domain } = federation.federation;
    const clients = await Promise.all(
      manifest.updates.map(({ client }) => deps.chain.client(client, view.round)),
    );
    for (const [k, signed] of manifest.updates.entries()) {
      const recovered = deps.recoverer.recover(domain, "Update", signed.update, signed.signature);
      const wrong =
        codeOf(() => checkUpdateRound(signed, view)) ??
        codeOf(() => checkUpdateAuthor(signed, clients[k], recovered));
      if (wrong)
        return WRONG_ON_CHAIN.includes(wrong) ? no(REASON.reference, BigInt(k)) : no(REASON.payouts, 0n);
      const { modelCid, modelRoot } = signed.update;
      const bytes = await fetchFile(modelCid, federation.modelBytes, limits);
      if (!bytes) return no(REASON.withheld, withheldIndex(k, 0));
      const fault = codeOf(() => readModel(bytes, modelRoot, federation.genesis, sha256));
      const named = fault && OUT_OF_BOUNDS.includes(fault) && forbiddenValue(bytes, modelRoot);
      if (named) return named;
      // The named file is not the committed model, so nobody can have the committed leaves.
      if (fault) return no(REASON.withheld, withheldIndex(k, 0));
    }
    return undefined;
  };

  /** Names the coordinate of an update's value that the contract refuses to compute with; undefined if it is no model. */
  const forbiddenValue = (bytes: Uint8Array, root: Hex): Verdict | undefined => {
    let model: Model;
    try {
      model = readEvidence(bytes, root, federation.genesis, sha256);
    } catch (error) {
      if (error instanceof QuorateError) return undefined;
      throw error;
    }
    const outside = findOutOfDomain([model], DEFAULT_MAX_EXPONENT);
    // A negative zero is a value to the contract: that it is not canonical rests on the vote.
    return outside && isJudged(federation.task.rule)
      ? no(REASON.coordinate, BigInt(outside.coordinate))
      : no(REASON.payouts, 0n);
  };

  /** Names the wrong coordinate where a contract can judge one; under any other rule a wrong model rests on the vote. */
  const wrongModel = async (claimed: Candidate, own: RoundResult, limits: JudgeLimits): Promise<Verdict> => {
    // One past the last update stands for the aggregate itself.
    const unseen = no(REASON.withheld, withheldIndex(claimed.updateCount, 0));
    const bytes = await fetchFile(claimed.modelCid, federation.modelBytes, limits);
    if (!bytes) return unseen;
    try {
      const model = readModel(bytes, claimed.modelRoot, federation.genesis, sha256);
      const j = firstCoordinate(model.floats, own.model.floats);
      if (j === undefined) return unseen;
      return isJudged(federation.task.rule) ? no(REASON.coordinate, BigInt(j)) : no(REASON.payouts, 0n);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      return unseen;
    }
  };

  const compare = async (
    round: ResultRound,
    claimed: Candidate,
    { own, limits }: { readonly own: RoundResult; readonly limits: JudgeLimits },
  ): Promise<Verdict> => {
    const difference = firstDifference(claimed, own.candidate);
    if (difference === "model") return wrongModel(claimed, own, limits);
    if (difference === "score") return no(REASON.score, 0n);
    return difference ? no(REASON.payouts, 0n) : byQuality(round, claimed);
  };

  /** The verdict on a candidate whose content is right. */
  const byQuality = ({ view }: ResultRound, { validationScore }: Candidate): Verdict => {
    if (!deps.evaluator) return yes(CONFIDENCE_MODEL_ONLY_BPS);
    const best = view.bestRecentScore ?? undefined;
    return passesScore(validationScore, deps.evaluator.size, best)
      ? yes(CONFIDENCE_FULL_BPS)
      : no(REASON.score, 0n);
  };

  const judgeOne = async (
    round: ResultRound,
    { candidate, id }: PostedCandidate,
    limits: JudgeLimits,
  ): Promise<Verdict> => {
    const own = deps.ownCandidate(round.view);
    if (own && sameHex(own, id)) return byQuality(round, candidate);
    const bytes = await fetchFile(candidate.manifestCid, MANIFEST_MAX_BYTES, limits);
    if (!bytes) return no(REASON.withheld, withheldIndex(0, 0));
    const manifest = decoded(bytes);
    const names =
      manifest &&
      manifest.round === candidate.round &&
      manifest.updates.length > 0 &&
      sameHex(manifest.openingHash, candidate.openingHash) &&
      sameHex(manifest.baseRoot, candidate.baseRoot) &&
      sameHex(hashOf(manifest.updates), candidate.updatesHash);
    // A record that doesn't carry the candidate's own list proves nothing either way: it rests on the vote.
    if (!names) return no(REASON.payouts, 0n);
    const broken = await checkEntries(round, manifest, limits);
    if (broken) return broken;
    const result = await deps.results.of(round, manifest.updates, limits.signal);
    return compare(round, candidate, { own: result, limits });
  };

  /** Winners of degraded rounds that were found right. */
  const right = new Set<string>();

  const ratify: Judge["ratify"] = async ({ view, parameters }, limits) => {
    for (const number of view.standsOn ?? []) {
      const past = await deps.chain.round(number);
      const won = past.candidates.find(({ id }) => past.winner && sameHex(id, past.winner));
      if (!won) return no(REASON.payouts, 0n);
      if (right.has(won.id)) continue;
      const verdict = await judgeOne({ view: past, parameters }, won, limits);
      if (verdict.support) right.add(won.id);
      // No weight and no entry of the candidate voted on is at fault, so arithmetic must not be able to refute this no.
      else return verdict.reason === REASON.withheld ? no(verdict.reason, 0n) : no(REASON.payouts, 0n);
    }
    return undefined;
  };

  return {
    async judge(round, posted, limits) {
      const verdict = await judgeOne(round, posted, limits);
      return (verdict.support && (await ratify(round, limits))) || verdict;
    },
    ratify,
  };
}

function yes(confidence: number): Verdict {
  return { support: true, confidence, reason: REASON.none, reasonIndex: 0n };
}

function no(reason: Reason, reasonIndex: bigint): Verdict {
  return { support: false, confidence: CONFIDENCE_FULL_BPS, reason, reasonIndex };
}

function codeOf(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof QuorateError) return error.code;
    throw error;
  }
}

function decoded(bytes: Uint8Array): ManifestFile | undefined {
  try {
    return decodeManifestFile(bytes);
  } catch (error) {
    if (error instanceof QuorateError) return undefined;
    throw error;
  }
}
