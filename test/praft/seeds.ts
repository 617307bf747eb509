import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { FAULTS, type Fault } from "./network.ts";
import type { Outcome } from "./simulation.ts";

export interface Summary {
  readonly seeds: number;
  readonly failed: number;
  /** The least a seed delivered. */
  readonly least: number;
  readonly steps: number;
  readonly faults: Record<Fault, number>;
  readonly seconds: number;
  /** Seeds in which weight F + 1 forked; all of them ended with proof against weight F + 1 at least. */
  readonly forks: number;
}

/** Runs seeds from `first` on as long as `more` says, in as many threads as cores; prints each violation and its replay. */
export async function runSeeds(
  first: number,
  more: (ran: number, seconds: number) => boolean,
  workers: number = availableParallelism(),
): Promise<Summary> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const faults = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>;
  let [ran, failed, least, steps, forks] = [0, 0, Number.POSITIVE_INFINITY, 0, 0];
  const count = (seed: number, outcome: Outcome) => {
    steps += outcome.steps;
    forks += outcome.forks;
    least = Math.min(least, outcome.delivered);
    for (const fault of FAULTS) faults[fault] += outcome.faults[fault];
    if (outcome.violations.length === 0) return;
    failed++;
    for (const violation of outcome.violations) console.log(`seed ${seed}: ${violation}`);
    console.log(`  again: npm run sim -- --seeds 1 --seed ${seed}`);
  };
  const next = () => (more(ran, seconds()) ? first + ran++ : undefined);
  await Promise.all(Array.from({ length: workers }, () => runThread(next, count)));
  return { seeds: ran, failed, least, steps, faults, seconds: seconds(), forks };
}

function runThread(next: () => number | undefined, count: (seed: number, outcome: Outcome) => void) {
  const worker = new Worker(new URL("./seed-worker.ts", import.meta.url));
  return new Promise<void>((resolve, reject) => {
    const give = () => {
      const seed = next();
      if (seed === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(seed);
    };
    worker.on("error", reject);
    worker.on("message", ({ seed, outcome }: { seed: number; outcome: Outcome }) => {
      count(seed, outcome);
      give();
    });
    give();
  });
}
