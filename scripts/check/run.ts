// The gate: everything that can be checked without running a test. Prints the time of each stage, then one plain line,
// "N passed, N failed"; exit code 1 if a stage failed.
//
//   npm run check                    all stages, two at a time
//   npm run check -- types imports   only the stages named
import { type Stage, stages } from "./stages.ts";

interface Outcome {
  stage: Stage;
  ok: boolean;
  seconds: number;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(
    `no such stage: ${unknown.join(", ")}; there are ${stages.map((stage) => stage.name).join(", ")}`,
  );
  process.exit(1);
}

const started = performance.now();
const queue = stages.filter((stage) => wanted.length === 0 || wanted.includes(stage.name));
const outcomes: Outcome[] = [];
await Promise.all([worker(), worker()]);

console.log("");
for (const { stage, ok, seconds } of outcomes) {
  console.log(
    `${ok ? "passed" : "FAILED"}  ${stage.name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s  ${stage.what}`,
  );
}
console.log(
  `        ${"total".padEnd(10)} ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`,
);
const failed = outcomes.filter((outcome) => !outcome.ok).length;
console.log(`${outcomes.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** Takes stages from the queue until it is empty; a stage's output is printed whole, and only if it failed. */
async function worker(): Promise<void> {
  for (let stage = queue.shift(); stage; stage = queue.shift()) {
    const stageStarted = performance.now();
    const { ok, output } = await stage.run();
    outcomes.push({ stage, ok, seconds: (performance.now() - stageStarted) / 1000 });
    if (!ok) console.log(`\n=== ${stage.name}: ${stage.what}\n${output.trimEnd()}`);
  }
}
