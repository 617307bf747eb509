// Line coverage of the contracts by their own tests (test/contracts, Solidity and TypeScript), and the least that is
// accepted. Builds apart from everything else: instrumented contracts cost other gas.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Percent of lines, over all contracts but the mocks. */
const LEAST = 95;

const run = spawnSync(
  process.execPath,
  ["node_modules/hardhat/dist/src/cli.js", "test", "--coverage", "--no-typechain"],
  {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, QUORATE_BUILD_FOLDER: "coverage/build", QUORATE_QUICK_COMPILE: "1" },
  },
);
if (run.status !== 0) process.exit(1);

const percent = lineCoverage(readFileSync("coverage/lcov.info", "utf8"));
const enough = percent >= LEAST;
console.log(
  `contract lines covered: ${percent.toFixed(2)} %, ${enough ? "at least" : "less than"} ${LEAST} %`,
);
process.exit(enough ? 0 : 1);

/** Percent of lines hit in an lcov trace: `SF:` starts a file, `DA:line,hits` is a line. */
function lineCoverage(lcov: string): number {
  let mock = false;
  let lines = 0;
  let hit = 0;
  for (const record of lcov.split("\n")) {
    if (record.startsWith("SF:")) mock = record.includes("contracts/mocks/");
    if (mock || !record.startsWith("DA:")) continue;
    lines += 1;
    if (!record.endsWith(",0")) hit += 1;
  }
  return (100 * hit) / lines;
}
