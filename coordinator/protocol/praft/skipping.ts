import { weightOf } from "./config.ts";
import { currentLeader, type State } from "./state.ts";
import type { Rank } from "./types.ts";

/**
 * Members whose views ended without a commit lose their turns for some views. Who led them follows from what was skipped then:
 * nothing was committed in between. At most weight F is skipped at a time, those that failed last: more may not be down, and
 * one that came back long ago must not leave all turns to one that did not.
 */
export function skipLate(s: State, { view }: Pick<Rank, "view">, skipViews: number): void {
  const { committee, skippedUntil, committedView } = s;
  const first = Math.max(committedView + 1, view - committee.members.length);
  const failed = Array.from({ length: Math.max(0, view - first) }, (_, i) => currentLeader(s, first + i));
  if (failed.length === 0) return;
  for (const member of failed) skippedUntil[member] = view + skipViews;
  const before = [...skippedUntil.keys()].sort((a, b) => skippedUntil[b]! - skippedUntil[a]! || a - b);
  let weight = 0;
  for (const member of new Set([...failed.reverse(), ...before])) {
    weight += weightOf(committee, [member]);
    if (weight > committee.faulty) skippedUntil[member] = 0;
  }
}
