import { type Hex, sameHex } from "../protocol/bytes.ts";
import { AGREEMENT_BPS, type Outcome, winner } from "../protocol/round/tally.ts";
import { isLone, orderOf, participationBps, rankOf, tallyOf } from "../protocol/views/queries.ts";
import type { Audit } from "./verify-round.ts";

/** The votes that were counted lead to the outcome on chain, and the chain moved on from it. */
export async function checkOutcome(audit: Audit): Promise<void> {
  const { checks, record } = audit;
  checks.equal("quorum", AGREEMENT_BPS, record.parameters.quorumBps, "basis points of all active weight");
  const order = orderOf(record);
  const judged = record.candidates.map((posted) => ({
    ...tallyOf(record, posted),
    rank: rankOf(posted, order),
    id: posted.id,
  }));
  const lone = isLone(record);
  const won = lone ? judged.find(({ id }) => id === record.winner) : winner(judged);
  if (lone) checkLone(audit, judged);
  else checks.equal("winner", won?.id ?? null, record.winner, describe(judged));
  if (won && !lone) checks.equal("ratio", won.ratioBps, record.ratioBps, "basis points");
  if (!lone) checks.equal("participation", participationBps(record), record.participationBps, "basis points");
  checkWindow(audit);
  if (won && record.status === "agreed") await checkAnchors(audit, won.id);
}

/** One miner alone decides nothing but a provisional head, and that with its own yes. */
function checkLone({ checks, record }: Audit, judged: readonly Judged[]): void {
  checks.equal("settlement of a lone miner's round", null, record.settlement, "nobody is paid");
  if (record.winner === null) return;
  const won = judged.find(({ id }) => id === record.winner);
  checks.equal("provisional winner", "degraded", won?.outcome, describe(judged));
}

/** The challenge window; of a ratified round that of the round which ratified it, of a degraded one none yet. */
function checkWindow({ checks, record, view }: Audit): void {
  if (record.status === "voided" || record.status === "degraded") return;
  const ratifier = [...view.rounds.values()].find(
    ({ standsOn, status }) => status === "agreed" && standsOn.includes(record.round),
  );
  if (record.status === "ratified") {
    checks.equal("final at", ratifier?.finalAt ?? null, record.finalAt, "with the round that ratified it");
    return;
  }
  // What failed between degraded rounds waited for the same round.
  const { standsOn } = record;
  if (record.status === "failed" && standsOn.length > 0) return;
  const ended = record.ended!;
  const window = Number(record.parameters.challengeWindow);
  const earliest = view.pauses
    .filter(({ from }) => from >= ended.time)
    .reduce((end, { from, to }) => (end > from ? end + to - from : end), ended.time + window);
  const before = [...view.rounds.values()].filter((earlier) => earlier.round < record.round);
  const finalAt = Math.max(earliest, ...before.map((earlier) => earlier.finalAt ?? 0));
  checks.equal(
    "final at",
    finalAt,
    record.finalAt,
    "the end of the challenge window, pauses left out, or an earlier round's",
  );
}

interface Judged {
  readonly id: Hex;
  readonly outcome: Outcome;
  readonly ratioBps: number;
}

function describe(judged: readonly Judged[]): string {
  if (judged.length === 0) return "no candidate was posted";
  return judged
    .map(({ id, outcome, ratioBps }) => `${id.slice(0, 10)} ${outcome} with ${ratioBps} bp`)
    .join(", ");
}

/** Payout root, head and the next round's base are the winner's. */
async function checkAnchors({ checks, record, view, options }: Audit, id: Hex): Promise<void> {
  const { candidate } = record.candidates.find((posted) => sameHex(posted.id, id))!;
  const settlement = view.settlements.get(record.settlement ?? 0n);
  if (settlement) {
    checks.equal("recorded payout root", candidate.payoutsRoot, settlement.root);
    checks.equal("recorded payout total", candidate.payoutsTotal, settlement.total);
  } else {
    checks.blocked("recorded payout root", `settlement ${record.settlement} is not in the logs`);
  }
  const next = view.rounds.get(record.round + 1n);
  if (next) {
    checks.equal("next round's base model", candidate.modelRoot, next.baseRoot);
    return;
  }
  const head = await checks.attempt("head", () => options.chain.head());
  if (head) checks.equal("head model", candidate.modelRoot, head.modelRoot);
}
