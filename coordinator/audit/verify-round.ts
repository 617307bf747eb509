import type { ChainReader } from "../ports/chain.ts";
import type { ChainHistory } from "../ports/chain-history.ts";
import type { Content } from "../ports/content.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import type { Evaluator } from "../ports/learning.ts";
import type { Recoverer } from "../ports/signer.ts";
import type { Hex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { Dataset } from "../protocol/learning/dataset.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import type { FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { isLone, winnerOf } from "../protocol/views/queries.ts";
import { checkCandidates } from "./check-candidates.ts";
import { checkFiles } from "./check-files.ts";
import { checkOpening } from "./check-opening.ts";
import { checkOutcome } from "./check-outcome.ts";
import { checkReputation } from "./check-reputation.ts";
import { checkResult } from "./check-result.ts";
import { checkVotes } from "./check-votes.ts";
import { type Check, type Checks, createChecks } from "./checks.ts";

export interface AuditOptions {
  /** Reads one RPC URL, knowing the address of RoundConsensus. */
  readonly chain: ChainReader & ChainHistory;
  /** Files by digest; each is checked against its digest again here. */
  readonly content: Content;
  /** Reads and checks task file, genesis model and validation set. */
  readonly loadFederation: () => Promise<LoadedFederation>;
  /** Scores on the validation set; needed if the federation has one. */
  readonly evaluator?: (validation: Dataset) => Evaluator;
  readonly recoverer: Recoverer;
  /** Digest of a file's dag-pb root under the protocol's CID settings. */
  readonly digest: (bytes: Uint8Array) => Promise<Hex>;
  readonly round: bigint;
  readonly sha256?: Sha256;
  /** Hears of each check as it is made. */
  readonly onCheck?: (check: Check) => void;
}

export interface AuditResult {
  readonly round: bigint;
  /** True if every check held. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

/** A yes of several miners vouches for the degraded rounds it builds on, so an audit recomputes them, too. */
async function checkDegraded({ options, checks, record }: Audit): Promise<void> {
  if (isLone(record)) return;
  for (const round of record.standsOn) {
    const { ok, checks: made } = await verifyRound({ ...options, round, onCheck: () => {} });
    const failed = made.filter((check) => !check.ok).map(({ name }) => name);
    checks.holds(`degraded round ${round}`, ok, ok ? `all ${made.length} checks hold` : failed.join(", "));
  }
}

/** What the parts of an audit work on. */
export interface Audit {
  readonly options: AuditOptions;
  readonly checks: Checks;
  readonly view: FederationView;
  readonly record: RoundRecord;
}

/**
 * Recomputes a round from chain and IPFS alone and compares it with what the chain says: opening, draw, every signature,
 * registration, aggregate, score, Shapley values, payouts, tally, winner, reputations. Data that is missing is a failed
 * check. A round in which nothing was agreed has no model; there the candidates' signatures, votes and tally are checked.
 * Degraded rounds are recomputed like agreed ones, by themselves and with the round that may ratify them.
 *
 * @throws QuorateError ROUND_UNKNOWN, ROUND_NOT_ENDED, RPC_UNREACHABLE
 */
export async function verifyRound(options: AuditOptions): Promise<AuditResult> {
  const { chain, round, onCheck } = options;
  const view = await chain.view();
  const record = view.rounds.get(round);
  if (!record)
    throw new QuorateError(
      "ROUND_UNKNOWN",
      `round ${round} was never opened; the newest is ${view.latestRound}`,
      {
        round,
        latest: view.latestRound,
      },
    );
  if (!record.ended)
    throw new QuorateError("ROUND_NOT_ENDED", `round ${round} is still open; verify it once it is settled`, {
      round,
    });
  const checks = createChecks(onCheck);
  const audit: Audit = { options, checks, view, record };
  await checkOpening(audit);
  await checkCandidates(audit);
  if (record.status === "voided" && record.winner === null) {
    checks.holds("outcome", true, "the round was voided before it was decided");
  } else {
    await checkVotes(audit);
    await checkOutcome(audit);
    checkReputation(audit);
  }
  const won = winnerOf(record);
  if (won) {
    const files = await checkFiles(audit, won.candidate);
    await checkResult(audit, won, files);
    await checkDegraded(audit);
  }
  return { round, ok: checks.list.every((check) => check.ok), checks: checks.list };
}
