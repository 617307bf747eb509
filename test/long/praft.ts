// The PRAFT engine under seeded faults: 2,000 seeds, or 100 with --sample. Passes if no invariant is violated and, over
// all seeds, each kind of fault came often enough to mean something.
import { FAULTS } from "../praft/network.ts";
import { runSeeds } from "../praft/seeds.ts";

const sample = process.argv.includes("--sample");
const count = sample ? 100 : 2_000;
/** Faults of each kind, over all seeds. */
const ENOUGH = count / 2;

const { seeds, seconds, steps, least, faults, failed } = await runSeeds(1, (ran) => ran < count);
console.log(
  `${seeds} seeds in ${seconds.toFixed(1)} s, ${steps} steps, at least ${least} messages delivered each`,
);
const rare = FAULTS.filter((fault) => faults[fault] < ENOUGH);
for (const fault of FAULTS) console.log(`  ${fault.padEnd(12)} ${faults[fault]}`);
for (const fault of rare) console.log(`${fault}: only ${faults[fault]}, wanted ${ENOUGH}`);
console.log(`${failed} seeds with violations`);
process.exit(failed === 0 && rare.length === 0 ? 0 : 1);
