import { type Hex, sameHex } from "../protocol/bytes.ts";
import { AGREEMENT_BPS, winner } from "../protocol/round/tally.ts";
import { orderOf, participationBps, rankOf, tallyOf } from "../protocol/views/queries.ts";
import type { Audit } from "./verify-round.ts";

/** The votes that were counted lead to the outcome on chain, and the chain moved on from it. */
export async function checkOutcome(audit: Audit): Promise<void> {
  const { checks, record, view } = audit;
  checks.equal("quorum", AGREEMENT_BPS, record.parameters.quorumBps, "basis points of all active weight");
  const order = orderOf(record);
  const judged = record.candidates.map((posted) => ({
    ...tallyOf(record, posted),
    rank: rankOf(posted, order),
    id: posted.id,
  }));
  const won = winner(judged);
  checks.equal("winner", won?.id ?? null, record.winner, describe(judged));
  if (won) checks.equal("ratio", won.ratioBps, record.ratioBps, "basis points");
  checks.equal("participation", participationBps(record), record.participationBps, "basis points");
  const ended = record.ended!;
  const earliest = ended.time + Number(record.parameters.challengeWindow);
  const before = [...view.rounds.values()].filter((earlier) => earlier.round < record.round);
  const finalAt = Math.max(earliest, ...before.map((earlier) => earlier.finalAt ?? 0));
  if (record.status !== "voided")
    checks.equal(
      "final at",
      finalAt,
      record.finalAt,
      "the end of the challenge window, or an earlier round's",
    );
  if (won && record.status === "agreed") await checkAnchors(audit, won.id);
}

function describe(judged: readonly { id: Hex; outcome: string; ratioBps: number }[]): string {
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
