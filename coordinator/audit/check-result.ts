import type { LoadedFederation } from "../ports/federation.ts";
import type { Evaluator } from "../ports/learning.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { PayoutRow } from "../protocol/incentives/payouts.ts";
import type { Model } from "../protocol/model/model.ts";
import { candidateId } from "../protocol/round/messages.ts";
import { passesScore } from "../protocol/round/quality.ts";
import { type RoundResult, recompute } from "../protocol/round/recompute.ts";
import type { SignedUpdate } from "../protocol/round/references.ts";
import type { CandidateRecord } from "../protocol/views/federation-view.ts";
import { bestRecentScore } from "../protocol/views/queries.ts";
import type { RoundFiles } from "./check-files.ts";
import type { Audit } from "./verify-round.ts";

/** What a recomputation starts from. */
interface Inputs {
  readonly federation: LoadedFederation;
  readonly base: Model;
  readonly updates: readonly { readonly signed: SignedUpdate; readonly model: Model }[];
  readonly previousPayouts: readonly PayoutRow[];
}

const RESULT_CHECKS = [
  "aggregate model root",
  "aggregate model CID",
  "model file equals the aggregate",
  "validation score",
  "Shapley values",
  "payout root",
  "payout total",
  "manifest file equals the recomputed one",
  "candidate id",
] as const;

/** Recomputes the round from its files and compares every part of the agreed candidate with it. */
export async function checkResult(audit: Audit, won: CandidateRecord, files: RoundFiles): Promise<void> {
  const { checks } = audit;
  const { federation, base, updates, previousPayouts } = files;
  const inputs = federation &&
    base &&
    updates &&
    previousPayouts && { federation, base, updates, previousPayouts };
  const result = inputs && (await checks.attempt("recomputation", () => recomputeRound(audit, inputs)));
  if (!result) {
    const reason = inputs ? "the recomputation failed" : "a file it needs is missing or wrong";
    for (const name of RESULT_CHECKS) checks.blocked(name, reason);
    return;
  }
  const { candidate } = won;
  const [root, cid, model, score, shapley, payouts, total, manifest, id] = RESULT_CHECKS;
  checks.equal(root, result.candidate.modelRoot, candidate.modelRoot);
  checks.equal(cid, result.candidate.modelCid, candidate.modelCid);
  checkBytes(audit, model, result.modelBytes, files.modelBytes);
  checks.equal(score, result.candidate.validationScore, candidate.validationScore, "correct answers");
  checks.equal(shapley, shapleyText(result.manifest), files.manifest && shapleyText(files.manifest.file));
  checks.equal(payouts, result.candidate.payoutsRoot, candidate.payoutsRoot);
  checks.equal(total, result.candidate.payoutsTotal, candidate.payoutsTotal);
  checkBytes(audit, manifest, result.manifestBytes, files.manifest?.bytes);
  checks.equal(id, candidateId(result.candidate), won.id);
  checkQuality(audit, result, inputs.federation);
}

async function recomputeRound(audit: Audit, inputs: Inputs): Promise<RoundResult> {
  const { record, options } = audit;
  const evaluator = createEvaluator(audit, inputs.federation);
  try {
    return await recompute({
      round: record.round,
      openingHash: record.openingHash,
      baseRoot: record.baseRoot,
      base: inputs.base,
      rule: inputs.federation.task.rule,
      updates: inputs.updates,
      previousPayouts: inputs.previousPayouts,
      budget: record.parameters.roundBudget,
      ...(evaluator && { scorer: evaluator }),
      digest: options.digest,
      ...(options.sha256 && { sha256: options.sha256 }),
    });
  } finally {
    await evaluator?.stop();
  }
}

function createEvaluator({ options }: Audit, { task, validation }: LoadedFederation): Evaluator | undefined {
  if (!task.validation) return undefined;
  if (validation && options.evaluator) return options.evaluator(validation);
  throw new QuorateError(
    "EVALUATOR_MISSING",
    "the federation scores models on a validation set, and the audit was given no evaluator or no set",
    {},
  );
}

/** Voters had to say no to a model much worse than the best of late. */
function checkQuality(
  { checks, record, view }: Audit,
  result: RoundResult,
  { task }: LoadedFederation,
): void {
  if (!task.validation) return;
  const best = bestRecentScore(view, record.round) ?? undefined;
  const score = result.candidate.validationScore;
  checks.holds(
    "score within the tolerance",
    passesScore(score, task.validation.size, best),
    `${score} of ${task.validation.size}, best of the last 8 rounds ${best ?? "none"}`,
  );
}

function checkBytes(
  { checks }: Audit,
  name: string,
  expected: Uint8Array,
  actual: Uint8Array | undefined,
): void {
  if (!actual) {
    checks.blocked(name, "the file is missing or wrong");
    return;
  }
  const differs = expected.findIndex((byte, i) => byte !== actual[i]);
  const same = differs < 0 && expected.length === actual.length;
  checks.holds(
    name,
    same,
    same ? `${expected.length} bytes` : `first difference at byte ${differs < 0 ? expected.length : differs}`,
  );
}

function shapleyText({ shapley }: RoundResult["manifest"]): string {
  return shapley ? `${shapley.numerators.join(" ")} over ${shapley.denominator}` : "none";
}
