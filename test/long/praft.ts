// The PRAFT engine under seeded faults: 2,000 seeds, or 100 with --sample. Passes if no invariant is violated and, over
// all seeds, each kind of fault came often enough to mean something, and weight F + 1 forked and was convicted. Without
// --sample also all twins of one of four over three views, 61,440 scenarios.
import { FAULTS } from "../praft/network.ts";
import { runSeeds } from "../praft/seeds.ts";
import { enumerate, Twins } from "../praft/twins.ts";

const sample = process.argv.includes("--sample");
const count = sample ? 100 : 2_000;
/** Faults of each kind, over all seeds, and messages delivered in each. */
const ENOUGH = count / 2;
const LEAST = 1_000;

const { seeds, seconds, steps, least, faults, failed, forks } = await runSeeds(1, (ran) => ran < count);
console.log(
  `${seeds} seeds in ${seconds.toFixed(1)} s, ${steps} steps, at least ${least} messages delivered each`,
);
const rare = FAULTS.filter((fault) => faults[fault] < ENOUGH);
for (const fault of FAULTS) console.log(`  ${fault.padEnd(19)} ${faults[fault]}`);
for (const fault of rare) console.log(`${fault}: only ${faults[fault]}, wanted ${ENOUGH}`);
console.log(`${forks} forks by weight F + 1, each proven to weight F + 1 or more`);
console.log(`${failed} seeds with violations`);
const split = sample ? 0 : countSplitTwins();
process.exit(failed + rare.length + split === 0 && forks > 0 && least >= LEAST ? 0 : 1);

function countSplitTwins(): number {
  let [scenarios, violated] = [0, 0];
  for (const rounds of enumerate(3)) {
    scenarios++;
    const violations = new Twins(4, 1, rounds).run();
    if (violations.length === 0) continue;
    violated++;
    console.log(JSON.stringify(rounds), violations.join());
  }
  console.log(`${scenarios} scenarios of twins, ${violated} with violations`);
  return violated;
}
