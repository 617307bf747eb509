// Hardhat's runner over the Solidity tests, test/contracts/*.t.sol.
import { globSync } from "node:fs";
import hre from "hardhat";
import type { TestResult } from "./mocha.ts";

interface Summary {
  summary: { passed: number; failed: number };
}

/** Runs the Solidity tests whose path contains one of `words` (all, if there are none). */
export async function runSolidityTests(words: string[]): Promise<TestResult> {
  const started = performance.now();
  const files = globSync("test/contracts/**/*.t.sol").filter(
    (file) => words.length === 0 || words.some((word) => file.includes(word)),
  );
  let summary = { passed: 0, failed: 0 };
  let success = true;
  if (files.length > 0) {
    const result = await hre.tasks
      .getTask(["test", "solidity"])
      .run({ testFiles: words.length === 0 ? [] : files });
    ({ success } = result);
    ({ summary } = (success ? result.value : result.error) as Summary);
  }
  const failed = success ? summary.failed : Math.max(1, summary.failed);
  return { name: "solidity", passed: summary.passed, failed, seconds: (performance.now() - started) / 1000 };
}
