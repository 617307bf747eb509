import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "../../ports/clock.ts";

/** The host's clock. */
export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    async sleep(milliseconds, signal) {
      signal?.throwIfAborted();
      try {
        await wait(milliseconds, undefined, signal ? { signal } : {});
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
  };
}
