// Every fault scenario, one after the other; docs/fault-scenarios.md says what each must end in. `--sample`: one of them.
import { runScenarios, SCENARIOS, scenarioNamed } from "../../scripts/demo/scenarios/registry.ts";

const SAMPLE = ["both-miners-killed"];

const chosen = process.argv.includes("--sample") ? SAMPLE.map(scenarioNamed) : SCENARIOS;
process.exit((await runScenarios(chosen, console.log)) ? 0 : 1);
