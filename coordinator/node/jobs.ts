import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5_000;
/** A chain that is read in between shows what was done. */
const AGAIN_MS = 5_000;

/** Work that must be done once, tried again after a failure, and dropped when its round is over. */
export interface Jobs {
  /**
   * Starts a job unless it is running, done, or waiting after a failure. `again`: what is still asked for some time after it
   * was done was undone, by a reorganisation of the chain, and is done again.
   */
  ensure(key: string, run: (signal: AbortSignal) => Promise<void>, again?: boolean): void;
  /** Aborts and forgets all jobs. */
  clear(): void;
  /** Resolves when no aborted or running job is left. */
  idle(): Promise<void>;
}

interface Job {
  state: "running" | "done" | "failed";
  failures: number;
  /** Host time from which a failed job, or one that was undone, may run again, milliseconds. */
  notBefore: number;
}

export function createJobs(deps: {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a job ends, so that what follows from it happens at once. */
  readonly ended: () => void;
  readonly failed: (key: string, error: unknown) => void;
}): Jobs {
  const jobs = new Map<string, Job>();
  const running = new Set<Promise<void>>();
  let scope = new AbortController();

  const start = (key: string, job: Job, run: (signal: AbortSignal) => Promise<void>) => {
    const { signal } = scope;
    job.state = "running";
    const attempt = (async () => {
      try {
        await run(signal);
        job.state = "done";
        job.notBefore = deps.clock.now() + AGAIN_MS;
      } catch (error) {
        job.state = "failed";
        job.failures++;
        const pause = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (job.failures - 1));
        job.notBefore = deps.clock.now() + pause;
        if (!signal.aborted) deps.failed(key, error);
      } finally {
        if (!signal.aborted) deps.ended();
      }
    })();
    running.add(attempt);
    void attempt.finally(() => running.delete(attempt));
  };

  return {
    ensure(key, run, again = false) {
      const job = jobs.get(key) ?? { state: "failed", failures: 0, notBefore: 0 };
      jobs.set(key, job);
      const ready = job.state === "failed" || (again && job.state === "done");
      if (!ready || deps.clock.now() < job.notBefore) return;
      start(key, job, run);
    },
    clear() {
      scope.abort(new Error("the round is over"));
      scope = new AbortController();
      jobs.clear();
    },
    async idle() {
      await Promise.allSettled([...running]);
    },
  };
}
