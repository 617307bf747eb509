// Runs the fault scenarios of scripts/demo/scenarios/, each in a federation of real processes, one after the other.
// Ends with "N passed, N failed", and exit code 1 unless all held.
//
//   npm run test:faults                          all
//   npm run test:faults -- wrong-aggregate       those named
import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import { runScenarios, SCENARIOS, scenarioNamed } from "../demo/scenarios/registry.ts";

const names = process.argv.slice(2);
try {
  const chosen = names.length === 0 ? SCENARIOS : names.map(scenarioNamed);
  process.exit((await runScenarios(chosen, console.log)) ? 0 : 1);
} catch (error) {
  if (!isQuorateError(error, "USAGE")) throw error;
  console.error(`error ${error.code}: ${error.message}`);
  process.exit(2);
}
