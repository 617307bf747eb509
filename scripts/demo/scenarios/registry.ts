import { QuorateError } from "../../../coordinator/protocol/errors.ts";
import { LONE_MINERS } from "./alone.ts";
import { CHAIN_FAULTS } from "./chains.ts";
import { CLIENT_FAULTS } from "./clients.ts";
import { CRASHES } from "./crashes.ts";
import { FRONT_RUN } from "./front-run.ts";
import { LIES } from "./lies.ts";
import { OUTAGES } from "./outages.ts";
import { PAUSES } from "./pauses.ts";
import { runScenario, type Scenario, type ScenarioResult } from "./scenario.ts";
import { DOUBLE_DEALING } from "./signatures.ts";
import { WITHHELD } from "./withheld.ts";

const INTERRUPTED = 130;

export const SCENARIOS: readonly Scenario[] = [
  ...LONE_MINERS,
  ...LIES,
  ...DOUBLE_DEALING,
  ...WITHHELD,
  ...FRONT_RUN,
  ...CRASHES,
  ...CHAIN_FAULTS,
  ...OUTAGES,
  ...PAUSES,
  ...CLIENT_FAULTS,
];

/** @throws QuorateError USAGE if there is none of this name */
export function scenarioNamed(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found) return found;
  throw new QuorateError("USAGE", `there is no scenario ${name}; --scenario list names them`, { name });
}

/** One line per scenario: its name and what goes wrong. */
export function scenarioList(): string {
  const width = Math.max(...SCENARIOS.map(({ name }) => name.length));
  return SCENARIOS.map(({ name, what }) => `${name.padEnd(width)}  ${what}`).join("\n");
}

/** Runs scenarios one after the other, telling each result in a line; resolves with whether all held. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  tell: (line: string) => void,
): Promise<boolean> {
  // Flows kill what they started when this process exits; a signal alone would leave it running.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => process.exit(INTERRUPTED));
  let failed = 0;
  for (const scenario of scenarios) {
    const result = await runScenario(scenario);
    if (!result.ok) failed++;
    tell(lineOf(result));
  }
  tell(`${scenarios.length - failed} passed, ${failed} failed`);
  return failed === 0 && scenarios.length > 0;
}

function lineOf({ name, ok, story, seconds }: ScenarioResult): string {
  return `${ok ? "ok  " : "FAIL"} ${name} (${seconds.toFixed(0)} s): ${story}`;
}
