import type { Clock } from "../ports/clock.ts";

/** Runs tasks of one key one after the other; tasks of different keys at the same time. */
export interface Locks {
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

export function createLocks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const before = tails.get(key) ?? Promise.resolve();
      const result = before.then(task, task);
      const tail = result.catch(() => undefined);
      tails.set(key, tail);
      void tail.then(() => tails.get(key) === tail && tails.delete(key));
      return result;
    },
  };
}

/** Lets everything else that waits in the process go first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Something that happened and somebody may be waiting for. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or after `milliseconds`; rejects when the signal is aborted. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** A ring between two waits is not lost: the next wait returns at once. */
export function createBell(clock: Clock): Bell {
  let rung = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      wake?.();
    },
    async wait(milliseconds, signal) {
      if (!rung) {
        const stop = new AbortController();
        const ringing = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const sleeping = clock.sleep(milliseconds, AbortSignal.any([signal, stop.signal]));
        await Promise.race([ringing, sleeping]).finally(() => stop.abort());
        sleeping.catch(() => undefined);
      }
      rung = false;
      wake = undefined;
      signal.throwIfAborted();
    },
  };
}

/** Runs `task` with a signal that is aborted after `milliseconds` or with `signal`. */
export async function within<T>(
  clock: Clock,
  { milliseconds, signal }: { readonly milliseconds: number; readonly signal: AbortSignal },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const over = new AbortController();
  const timer = clock.sleep(milliseconds, AbortSignal.any([signal, over.signal])).then(
    () => limit.abort(new Error(`took longer than ${milliseconds} ms`)),
    () => undefined,
  );
  const both = AbortSignal.any([signal, limit.signal]);
  const aborted = new Promise<never>((_, reject) => {
    both.addEventListener("abort", () => reject(both.reason), { once: true });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([task(both), aborted]);
  } finally {
    over.abort();
    await timer;
    aborted.catch(() => undefined);
  }
}
