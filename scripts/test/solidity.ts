// Hardhat's runner over the Solidity tests, test/contracts/*.t.sol.
import { globSync } from "node:fs";
import hre from "hardhat";
import type { TestResult } from "./mocha.ts";

interface Outcome {
  suiteResults?: { testResults: { status: string }[] }[];
}

/** Runs the Solidity tests whose path contains one of `words` (all, if there are none). */
export async function runSolidityTests(words: string[]): Promise<TestResult> {
  const started = performance.now();
  const files = globSync("test/contracts/**/*.t.sol").filter(
    (file) => words.length === 0 || words.some((word) => file.includes(word)),
  );
  let passed = 0;
  let failed = 0;
  if (files.length > 0) {
    const result = await hre.tasks
      .getTask(["test", "solidity"])
      .run({ testFiles: words.length === 0 ? [] : files });
    // Hardhat's own summary stays at zero here, so the results are counted one by one.
    const { suiteResults = [] } = (result.success ? result.value : result.error) as Outcome;
    const results = suiteResults.flatMap((suite) => suite.testResults);
    passed = results.filter(({ status }) => status === "Success").length;
    failed = results.filter(({ status }) => status === "Failure").length;
    // A run that failed, or that ran nothing although there are tests, never passes.
    if (!result.success || results.length === 0) failed = Math.max(1, failed);
  }
  return { name: "solidity", passed, failed, skipped: 0, seconds: (performance.now() - started) / 1000 };
}
