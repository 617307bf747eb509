import type { Pause } from "../protocol/views/federation-view.ts";
import type { Jobs } from "./jobs.ts";
import type { Snapshot } from "./round-watch.ts";
import type { Settler } from "./settler.ts";
import type { Emit } from "./types.ts";

/** Waits while governance holds the federation, and ends a pause that lasts longer than it may. */
export interface Pauses {
  /** `wait` as for attendance. True while there is nothing to do but wait. */
  step(snapshot: Snapshot, jobs: Jobs, wait: (key: string) => boolean): boolean;
}

export function createPauses(deps: { readonly settler: Settler; readonly emit: Emit }): Pauses {
  const { settler, emit } = deps;
  let told: Pause | null = null;

  return {
    step({ pause, pendingTime, view }, jobs, wait) {
      const round = String(view?.round ?? 0n);
      if (told && told.since !== pause?.since) {
        emit({ kind: "resumed", round, seconds: pendingTime - told.since });
        told = null;
      }
      if (!pause) return false;
      if (!told) emit({ kind: "paused", round, since: pause.since, until: pause.until });
      told = pause;
      if (pendingTime >= pause.until && wait(`resume:${pause.since}`))
        jobs.ensure("resume", () => settler.resume(), true);
      return true;
    },
  };
}
