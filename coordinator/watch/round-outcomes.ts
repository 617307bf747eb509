import type { FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { outcomeOf, type RoundOutcome } from "../protocol/views/outcomes.ts";

/**
 * Tells of every round that ends, and of every one that is taken back later, once each. What was over at the first
 * look is old news.
 */
export function createRoundOutcomes(
  tell: (outcome: RoundOutcome) => void,
): (view: Pick<FederationView, "rounds">) => void {
  let known: ReadonlyMap<bigint, RoundRecord["status"]> | undefined;
  return ({ rounds }) => {
    const before = known;
    known = new Map([...rounds.values()].map(({ round, status }) => [round, status]));
    if (!before) return;
    for (const record of rounds.values()) {
      const outcome = outcomeOf(record);
      if (outcome && before.get(record.round) !== record.status) tell(outcome);
    }
  };
}
