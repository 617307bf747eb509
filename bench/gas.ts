// Gas of every step of a round on a simulated chain, with fixed keys, contents and block times: the same contracts give
// the same numbers to the unit. Each scenario checks its result before its gas counts.
//
//   node bench/gas.ts            measures and writes bench/snapshots/gas.json
//   node bench/gas.ts --check    measures and compares with it; exit code 1 if anything differs
//   node bench/gas.ts --table    Markdown of the committed snapshot: budgets beside what was measured
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { budgetTable } from "./gas/budgets.ts";
import { measureCheckpoints } from "./gas/checkpoints.ts";
import { measureProofs } from "./gas/disputes.ts";
import { fixClock } from "./gas/fixed-clock.ts";
import type { GasTable } from "./gas/recorder.ts";
import { measureRequests } from "./gas/requests.ts";
import { measureRounds } from "./gas/rounds.ts";
import { differences, readSnapshot, takeSnapshot } from "./gas/snapshot.ts";
import { measureFailures, measureFallbacks, measureRegistration, measureSettlement } from "./gas/steps.ts";

const SNAPSHOT = new URL("snapshots/gas.json", import.meta.url);

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, table: { type: "boolean", default: false } },
});
process.exit(values.table ? table() : await run());

function table(): number {
  console.log(budgetTable(readSnapshot(SNAPSHOT).gas));
  return 0;
}

async function run(): Promise<number> {
  const measured = await takeSnapshot(await measure());
  if (!values.check) {
    mkdirSync(new URL(".", SNAPSHOT), { recursive: true });
    writeFileSync(SNAPSHOT, `${JSON.stringify(measured, null, 2)}\n`);
    console.log(budgetTable(measured.gas));
    return 0;
  }
  const changed = differences(readSnapshot(SNAPSHOT), measured);
  if (changed.length === 0) {
    console.log(`${Object.keys(measured.gas).length} scenarios cost what bench/snapshots/gas.json says`);
    return 0;
  }
  console.error(`gas differs from bench/snapshots/gas.json (committed -> measured):\n${changed.join("\n")}`);
  console.error("if that is meant, run `npm run bench:gas` and commit the snapshot");
  return 1;
}

async function measure(): Promise<GasTable> {
  fixClock();
  const gas: GasTable = {};
  await measureRegistration(gas);
  await measureRounds(gas);
  await measureFallbacks(gas);
  await measureFailures(gas);
  await measureProofs(gas);
  await measureCheckpoints(gas);
  await measureRequests(gas);
  for (const voters of [10, 50]) await measureSettlement(gas, voters);
  return gas;
}
