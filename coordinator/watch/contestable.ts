import type { Hex } from "../protocol/bytes.ts";
import type { CandidateRecord, FederationView, RoundRecord } from "../protocol/views/federation-view.ts";

/** What the dearest fault of a candidate costs, basis points: beyond it nothing is left to prove. */
const DEAREST_BPS = 5_000;

/** The rate at which a candidate was proven wrong, basis points; 0 if nobody proved anything. */
export function provenBps({ faults }: Pick<RoundRecord, "faults">, id: Hex): number {
  return Math.max(0, ...faults.filter(({ candidate }) => candidate === id).map(({ slashBps }) => slashBps));
}

/**
 * Candidates that can still be proven wrong, or wrong at a higher rate than somebody did, newest first. Of a round that is
 * not final; if it was taken back, those that it fell for.
 */
export function contestable(view: FederationView, now: number): [RoundRecord, CandidateRecord][] {
  return [...view.rounds.values()]
    .filter(({ status }) => status !== "voided")
    .filter(({ finalAt }) => finalAt === null || now < finalAt)
    .flatMap((record) =>
      record.candidates
        .filter(({ id }) => provenBps(record, id) < DEAREST_BPS)
        .filter(({ id }) => record.status !== "reverted" || provenBps(record, id) > 0)
        .map((posted): [RoundRecord, CandidateRecord] => [record, posted]),
    )
    .reverse();
}
