// The main job from one command: a local chain, miners and clients as processes of their own, rounds of real training,
// and an audit of each. `npm run demo -- --help` lists the options; docs/report.md describes the report it writes.
import { CommanderError } from "commander";
import { isQuorateError } from "../coordinator/protocol/errors.ts";
import { parseDemoOptions } from "./demo/options.ts";
import { runDemo } from "./demo/run.ts";
import { runScenarios, scenarioList, scenarioNamed } from "./demo/scenarios/registry.ts";
import { summaryText } from "./demo/summary.ts";

const INTERRUPTED = 130;
const USAGE = 2;

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    // A second signal does not wait for the processes to stop in order; the exit handler kills them.
    if (stop.signal.aborted) process.exit(INTERRUPTED);
    stop.abort(new Error("stopped"));
  });

async function main(): Promise<number> {
  try {
    const options = parseDemoOptions(process.argv.slice(2));
    if (options.scenario === "list") {
      console.log(scenarioList());
      return 0;
    }
    if (options.scenario) return (await runScenarios([scenarioNamed(options.scenario)], console.log)) ? 0 : 1;
    const result = await runDemo(options, stop.signal);
    if (options.json) console.log(JSON.stringify(result.report, null, 2));
    else console.log(summaryText(options, result));
    const held = result.checks.every(({ ok }) => ok);
    if (!held && options.json)
      for (const { name, ok, detail } of result.checks) if (!ok) console.error(`FAIL ${name}: ${detail}`);
    return held ? 0 : 1;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    if (stop.signal.aborted) {
      console.error("stopped");
      return INTERRUPTED;
    }
    if (isQuorateError(error)) console.error(`error ${error.code}: ${error.message}`);
    else console.error(error);
    return isQuorateError(error, "USAGE") ? USAGE : 1;
  }
}

process.exit(await main());
