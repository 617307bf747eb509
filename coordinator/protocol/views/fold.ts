import { type Draft, draftOf, type Reducers } from "./draft.ts";
import type { ChainEvent } from "./events.ts";
import type { FederationView } from "./federation-view.ts";
import { ANCHOR_REDUCERS } from "./reduce-anchors.ts";
import { DISPUTE_REDUCERS } from "./reduce-disputes.ts";
import { MINER_REDUCERS } from "./reduce-miners.ts";
import { MONEY_REDUCERS } from "./reduce-money.ts";
import { PAUSE_REDUCERS } from "./reduce-pauses.ts";
import { ROUND_REDUCERS } from "./reduce-rounds.ts";

const REDUCERS: Reducers = {
  ...ROUND_REDUCERS,
  ...MINER_REDUCERS,
  ...MONEY_REDUCERS,
  ...DISPUTE_REDUCERS,
  ...ANCHOR_REDUCERS,
  ...PAUSE_REDUCERS,
};

/**
 * The view after `events`, which follow those already in `view` in the order of the chain. Pure: `view` is unchanged,
 * and folding a list in pieces gives the same as folding it at once.
 */
export function foldEvents(view: FederationView, events: Iterable<ChainEvent>): FederationView {
  const draft = draftOf(view);
  for (const event of events) {
    const reduce = REDUCERS[event.name] as ((draft: Draft, event: ChainEvent) => void) | undefined;
    reduce?.(draft, event);
  }
  return draft;
}

/**
 * The view without its oldest rounds, so that a process that runs for years fits: at least the newest `keep` are left,
 * and all that the head stands on.
 */
export function forgetRounds(view: FederationView, keep: number): FederationView {
  const surplus = view.rounds.size - keep;
  if (surplus <= 0) return view;
  const rounds = new Map(
    [...view.rounds].filter(([round], place) => place >= surplus || view.degraded.includes(round)),
  );
  const oldest = rounds.keys().next().value ?? 0n;
  const settlements = new Map(
    [...view.settlements].filter(
      ([number, { round }]) => round >= oldest || number === view.latestSettlement,
    ),
  );
  return { ...view, rounds, settlements };
}
