// Breaks a rule on purpose, in a copy of the project, and runs the tests that must notice. Exit code 1 if a mutant
// survives, does not build, or no longer fits its source.
//
//   node test/mutants/run.ts                   all
//   node test/mutants/run.ts --sample          the fixed sample that CI runs
//   node test/mutants/run.ts --only tally,seed those whose name or file contains one of the words
//   node test/mutants/run.ts --fit             only check that each fits its source; nothing is run
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createWorkspace, type Mutant, mutated, type Workspace } from "./workspace.ts";

const { values } = parseArgs({
  options: {
    sample: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    fit: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
  },
});

const all: Mutant[] = JSON.parse(readFileSync(new URL("mutants.json", import.meta.url), "utf8"));
const chosen = all
  .filter((mutant) => !values.sample || mutant.sample)
  .filter(({ name, file }) =>
    values.only.split(",").some((word) => name.includes(word) || file.includes(word)),
  );
const misfits = [...chosen.flatMap(misfit), ...unnamed()];
for (const line of misfits) console.error(line);
if (chosen.length === 0) console.error("no mutant matches");
if (misfits.length > 0 || chosen.length === 0) process.exit(1);
console.log(`${chosen.length} mutants fit their sources`);
if (values.fit) process.exit(0);

const workspaces = [createWorkspace()];
process.on("exit", () => {
  for (const workspace of workspaces) workspace.remove();
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

if (!(await holdsUnchanged(workspaces[0]!))) process.exit(1);
while (workspaces.length < Math.min(Number(values.workers), chosen.length))
  workspaces.push(createWorkspace(workspaces[0]!.folder));
const queue = [...chosen];
let failed = 0;
await Promise.all(workspaces.map(work));
console.log(`${chosen.length - failed} killed, ${failed} not`);
process.exit(failed === 0 ? 0 : 1);

/** A test that fails anyway kills nothing. What is compiled for it need not be compiled again for each mutant. */
async function holdsUnchanged(workspace: Workspace): Promise<boolean> {
  const tests = new Set(chosen.flatMap((mutant) => mutant.killedBy));
  const compiled = chosen.some(({ file }) => file.endsWith(".sol"));
  const built = compiled ? await workspace.build() : undefined;
  const { verdict, output } = built?.verdict === "broken" ? built : await workspace.run([...tests]);
  const holds = verdict === "survived";
  console.log(holds ? "their tests pass on the unchanged sources" : `the unchanged sources fail:\n${output}`);
  return holds;
}

async function work(workspace: Workspace): Promise<void> {
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    const started = performance.now();
    const { verdict, output } = await workspace.try(mutant);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${verdict.padEnd(8)} ${mutant.name.padEnd(34)} ${seconds.padStart(6)} s  ${mutant.rule}`);
    if (verdict === "killed") console.log(`         by ${killer(output)}`);
    else failed += 1;
    if (verdict !== "killed" && output) console.log(output);
  }
}

/** Title of the first test that failed. */
function killer(output: string): string {
  const list = output.slice(output.search(/\d+ failing/));
  return (
    /1\)([\s\S]*?)\n\s*(?:\n|[A-Z]\w*(?:Error)?\b.*:)/.exec(list)?.[1]?.replace(/\s+/g, " ").trim() ??
    "the clock"
  );
}

function misfit(mutant: Mutant): string[] {
  try {
    mutated(readFileSync(mutant.file, "utf8"), mutant);
    for (const file of mutant.killedBy) readFileSync(file);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Mutants the README beside this file does not name. */
function unnamed(): string[] {
  const text = readFileSync(new URL("README.md", import.meta.url), "utf8");
  return all
    .filter(({ name }) => !text.includes(`\`${name}\``))
    .map(({ name }) => `${name}: not in the README`);
}
