// Runs the long checks: contract coverage, every program in test/long/, the mutants in test/mutants/run.ts. Each is a
// process of its own that prints what it does and exits 0 only if all of it held.
//
//   npm run test:long                 everything
//   npm run test:long -- --sample     the fixed sample that CI runs: each program is called with --sample
//   npm run test:long -- mutants      only programs whose path contains one of the words given
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { sample: { type: "boolean", default: false } },
});

const programs = globSync(["scripts/test/contract-coverage.ts", "test/long/*.ts", "test/mutants/run.ts"])
  .filter((path) => positionals.length === 0 || positionals.some((word) => path.includes(word)))
  .sort();

/** Files with Mocha suites are run by Mocha, in the mode named by the environment; the rest are plain programs. */
function commandFor(path: string): string[] {
  if (path.endsWith(".test.ts")) {
    return [
      "node_modules/mocha/bin/mocha.js",
      "--ignore",
      "none",
      "--timeout",
      "1800000",
      "--exit",
      "--spec",
      path,
    ];
  }
  return values.sample ? [path, "--sample"] : [path];
}

let failed = 0;
for (const path of programs) {
  console.log(`\n=== ${path}${values.sample ? " (sample)" : ""}`);
  const started = performance.now();
  const result = spawnSync(process.execPath, commandFor(path), {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, QUORATE_SAMPLE: values.sample ? "1" : "" },
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const held = result.status === 0;
  if (!held) failed += 1;
  console.log(
    `=== ${path}: ${held ? "passed" : `FAILED (exit ${result.status ?? result.signal})`} in ${seconds} s`,
  );
}
console.log(`${programs.length - failed} passed, ${failed} failed`);
if (programs.length === 0) console.error("no long test matches");
process.exit(failed === 0 && programs.length > 0 ? 0 : 1);
