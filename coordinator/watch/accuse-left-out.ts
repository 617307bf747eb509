import type { Accusation, Challenger } from "../ports/challenges.ts";
import type { Hex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { accusedOf, type Witnesses } from "./challenge.ts";
import { provenBps } from "./contestable.ts";

/** What a watchtower tells about those that a proof left out. */
export interface AccusedEvent {
  readonly kind: "accused";
  readonly round: bigint;
  readonly candidate: Hex;
  readonly transaction: Hex;
  readonly gas: bigint;
}

/** Refusals that the next pass would meet again. */
const CLOSED = ["ALREADY_PUNISHED", "CHALLENGER_ACCUSED", "NOT_A_MINER"];

/**
 * Accuses everybody who answers for a candidate that is proven wrong and was left out of its proof. Whoever proves a fault
 * chooses whom to accuse: without this a friend of several liars could give up one of them for all.
 */
export function createAccuser({
  challenger,
  emit,
  ...witnesses
}: Witnesses & {
  readonly challenger: Challenger;
  readonly emit: (event: AccusedEvent) => void;
}): (view: FederationView) => Promise<void> {
  const closed = new Set<string>();

  const accuse = async ({ round }: RoundRecord, candidate: Hex, accusation: Accusation): Promise<void> => {
    try {
      const { hash: transaction, gasUsed: gas } = await challenger.accuse({
        round,
        candidate,
        accused: [accusation],
      });
      emit({ kind: "accused", round, candidate, transaction, gas });
    } catch (error) {
      // Anything else may pass: the next look tries again.
      if (!isQuorateError(error) || !CLOSED.includes(error.code)) throw error;
    }
  };

  const lookAt = async (record: RoundRecord, candidate: Hex): Promise<void> => {
    const posted = record.candidates.find(({ id }) => id === candidate);
    // Who answers for it changes with these alone.
    const state = [candidate, provenBps(record, candidate), record.castVotes.length, record.status].join(" ");
    if (!posted || closed.has(state)) return;
    const accused = await accusedOf(witnesses, { record, posted }, challenger.account).catch(
      (error: unknown) => {
        if (isQuorateError(error, "NOBODY_TO_ACCUSE")) return [];
        throw error;
      },
    );
    for (const accusation of accused) await accuse(record, candidate, accusation);
    closed.add(state);
  };

  return async ({ rounds }) => {
    for (const record of rounds.values())
      for (const candidate of new Set(record.faults.map((fault) => fault.candidate)))
        await lookAt(record, candidate);
  };
}
