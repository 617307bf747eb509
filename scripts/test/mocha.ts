// Mocha over the project's TypeScript tests.
import { globSync } from "node:fs";
import Mocha from "mocha";

/** What one test runner reports; `failed` counts failing hooks too. */
export interface TestResult {
  name: string;
  passed: number;
  failed: number;
  /** Not run, because the machine lacks what they need. */
  skipped: number;
  seconds: number;
}

/** Tests of the pure protocol. They never share a process with tests that load Hardhat: see {@link runMocha}. */
const PURE = /^test\/protocol\//;

/**
 * Runs every test/**\/*.test.ts outside test/long whose path contains one of `words` (all, if there are none): first
 * those of the protocol, then the rest, because Hardhat's matchers change Chai for the whole process (comparisons of
 * fractions then fail). With more than one job, each file runs in one of that many processes.
 */
export async function runMocha(options: { words: string[]; jobs: number }): Promise<TestResult[]> {
  const { words, jobs } = options;
  const files = globSync("test/**/*.test.ts", { exclude: ["test/long/**"] })
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
  return [
    await runFiles(
      "protocol",
      files.filter((file) => PURE.test(file)),
      jobs,
    ),
    await runFiles(
      "others",
      files.filter((file) => !PURE.test(file)),
      jobs,
    ),
  ];
}

async function runFiles(name: string, files: readonly string[], jobs: number): Promise<TestResult> {
  const started = performance.now();
  if (files.length === 0) return { name, passed: 0, failed: 0, skipped: 0, seconds: 0 };
  const parallel = jobs > 1 && files.length > 1;
  const mocha = new Mocha({ timeout: 60_000, forbidOnly: true, parallel, jobs });
  for (const file of files) mocha.addFile(file);
  if (!parallel) await mocha.loadFilesAsync();
  const { passes, failures, pending } = await new Promise<Counts>((resolve) => {
    const runner = mocha.run((failed) => {
      const { passes = 0, pending = 0 } = runner.stats ?? {};
      resolve({ passes, pending, failures: failed });
    });
  });
  const seconds = (performance.now() - started) / 1000;
  return { name, passed: passes, failed: failures, skipped: pending, seconds };
}

interface Counts {
  passes: number;
  failures: number;
  pending: number;
}
