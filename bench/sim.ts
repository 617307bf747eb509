// Runs the PRAFT engine under seeded faults and checks its invariants. Exit code 1 if one is violated.
//
//   npm run sim -- --seeds 2000 [--seed 1] [--hours H] [--workers N]
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { FAULTS } from "../test/praft/network.ts";
import { runSeeds } from "../test/praft/seeds.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    hours: { type: "string" },
    workers: { type: "string", default: String(availableParallelism()) },
  },
});

const { seeds, seconds, steps, least, faults, failed, forks } = await runSeeds(
  Number(values.seed),
  (ran, time) => (values.hours ? time < 3_600 * Number(values.hours) : ran < Number(values.seeds)),
  Number(values.workers),
);
console.log(
  `${seeds} seeds in ${seconds.toFixed(1)} s, ${(seeds / seconds).toFixed(1)} seeds/s, ${steps} steps, at least ${least} delivered each`,
);
for (const fault of FAULTS) console.log(`  ${fault.padEnd(19)} ${faults[fault]}`);
console.log(`${forks} forks by weight F + 1, each proven to weight F + 1 or more`);
console.log(`${failed} seeds with violations`);
process.exit(failed === 0 ? 0 : 1);
