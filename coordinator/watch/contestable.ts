import type { CandidateRecord, FederationView, RoundRecord } from "../protocol/views/federation-view.ts";

/** Candidates of rounds that are neither final nor taken back and that nobody proved wrong yet, newest first. */
export function contestable(view: FederationView, now: number): [RoundRecord, CandidateRecord][] {
  return [...view.rounds.values()]
    .filter(({ status }) => status !== "reverted" && status !== "voided")
    .filter(({ finalAt }) => finalAt === null || now < finalAt)
    .flatMap((record) =>
      record.candidates
        .filter(({ id }) => !record.faults.some(({ candidate }) => candidate === id))
        .map((posted): [RoundRecord, CandidateRecord] => [record, posted]),
    )
    .reverse();
}
