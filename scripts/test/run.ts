// Runs all tests except the long ones: Solidity tests inside Hardhat, then every test/**/*.test.ts in Mocha.
// Ends with one plain line, "N passed, N failed", and exit code 1 unless everything passed.
//
//   npm test                               all
//   npm test -- test/protocol              only test files whose path contains one of the words given
//   npm test -- --no-solidity --jobs 1     without the Solidity tests, in one process
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { runMocha } from "./mocha.ts";
import { runSolidityTests } from "./solidity.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    solidity: { type: "boolean", default: true },
    jobs: { type: "string", default: String(Math.min(2, availableParallelism())) },
  },
});

const started = performance.now();
const results = [];
if (values.solidity) results.push(await runSolidityTests(positionals));
results.push(...(await runMocha({ words: positionals, jobs: Number(values.jobs) })));

const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
const skipped = results.reduce((sum, result) => sum + result.skipped, 0);
for (const { name, seconds } of results)
  console.log(`${name.padEnd(10)} ${seconds.toFixed(1).padStart(6)} s`);
console.log(`${"total".padEnd(10)} ${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`);
if (skipped > 0) console.log(`${skipped} skipped: they say what they need`);
if (passed + failed === 0) console.error("no test matches");
console.log(`${passed} passed, ${failed} failed`);
// Exits at once: a test that leaves a handle open must not keep the run alive.
process.exit(failed === 0 && passed > 0 ? 0 : 1);
