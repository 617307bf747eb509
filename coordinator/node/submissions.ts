import { clientOf } from "../protocol/praft/bundles.ts";
import type { Effect } from "../protocol/praft/effects.ts";
import type { State } from "../protocol/praft/state.ts";
import type { Bundle } from "../protocol/praft/types.ts";

/**
 * What became of a bundle that a peer brought: it is new here and waits; it waits or is executed already; there is no room for
 * it; or it is none, by its form or its signature. The engine passes over the last without a word.
 */
export type Submission = "taken" | "known" | "refused" | "bad";

/** Reads it off the state after the step that took the bundle, and that step's effects. */
export function submissionOf(state: State, bundle: Bundle, effects: readonly Effect[]): Submission {
  if (effects.some((effect) => effect.kind === "refused")) return "refused";
  const client = clientOf(bundle);
  // The newest stands last.
  if (state.pending.at(-1)?.bundle === bundle) return "taken";
  if (state.halted || bundle.sequence <= (state.sessions.get(client) ?? 0)) return "known";
  // The first question spares the search.
  const waits =
    state.pendingOf.has(client) &&
    state.pending.some((each) => each.client === client && each.bundle.sequence === bundle.sequence);
  return waits ? "known" : "bad";
}
