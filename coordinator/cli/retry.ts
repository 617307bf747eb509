import type { Clock } from "../ports/clock.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { Report } from "./report-lines.ts";

const PAUSE_MS = 500;

/**
 * Loads the task and its validation set, waiting for the miners that hold them to come up: in a new federation all
 * nodes start at once.
 */
export async function untilServed<T>(
  load: () => Promise<T>,
  { clock, signal, report }: { clock: Clock; signal: AbortSignal; report: Report },
): Promise<T> {
  let said = false;
  for (;;) {
    try {
      return await load();
    } catch (error) {
      if (!isQuorateError(error, "CONTENT_UNAVAILABLE")) throw error;
      if (!said)
        report(
          "waiting",
          { message: error.message },
          `waiting for a miner that serves the task: ${error.message}`,
        );
      said = true;
      await clock.sleep(PAUSE_MS, signal);
    }
  }
}
