import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** One change to one source file, and the tests that must notice it. */
export interface Mutant {
  readonly name: string;
  /** What the change breaks, in a few words. */
  readonly rule: string;
  readonly file: string;
  /** Must occur exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files; at least one must fail. */
  readonly killedBy: readonly string[];
  /** Part of the fixed sample. */
  readonly sample?: boolean;
}

/** `broken`: the tests could not run at all, which proves nothing. */
export type Verdict = "killed" | "survived" | "broken";

export interface Trial {
  readonly verdict: Verdict;
  /** What the tests or the compiler said last; empty if all passed. */
  readonly output: string;
}

/** A copy of the project that may be changed; the packages are shared. */
export interface Workspace {
  readonly folder: string;
  /** Builds the contracts as they are. */
  build(): Promise<Trial>;
  /** Runs tests as the sources are. */
  run(files: readonly string[]): Promise<Trial>;
  /** Applies the change, builds, runs the mutant's tests, and takes the change back. */
  try(mutant: Mutant): Promise<Trial>;
  remove(): void;
}

const COPIED = [
  "bench",
  "contracts",
  "coordinator",
  "hardhat.config.ts",
  "package.json",
  "scripts",
  "test",
  "tsconfig.json",
];
/** Where Hardhat builds, in the copy. */
const BUILT = ["artifacts", "cache"];
const HARDHAT = "node_modules/hardhat/dist/src/cli.js";
const MOCHA = "node_modules/mocha/bin/mocha.js";
/** A mutant that makes a test run for ever is noticed by the clock. */
const LONGEST_MS = 10 * 60_000;

/** @param from Folder of the project, or of another workspace, whose build then needs not be made again. */
export function createWorkspace(from = "."): Workspace {
  const folder = mkdtempSync(join(tmpdir(), "quorate-mutant-"));
  for (const path of [...COPIED, ...BUILT]) cpSync(join(from, path), join(folder, path), { recursive: true });
  mkdirSync(join(folder, "types"), { recursive: true });
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"), "junction");
  const build = async (): Promise<Trial> => {
    const { code, output } = await command(folder, [HARDHAT, "build", "--no-typechain", "--no-tests"]);
    return code === 0 ? { verdict: "survived", output: "" } : { verdict: "broken", output };
  };
  const run = (files: readonly string[]) => runTests(folder, files);
  return {
    folder,
    build,
    run,
    async try(mutant) {
      const path = join(folder, mutant.file);
      const source = readFileSync(path, "utf8");
      const solidity = mutant.file.endsWith(".sol");
      writeFileSync(path, mutated(source, mutant));
      try {
        if (solidity) {
          takeBackBuild(folder);
          const built = await build();
          if (built.verdict === "broken") return built;
        }
        return await run(mutant.killedBy);
      } finally {
        writeFileSync(path, source);
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What the unchanged sources were built to, again: else the compiler would also have to undo the mutant before. */
function takeBackBuild(folder: string): void {
  for (const name of BUILT) {
    const [used, kept] = [join(folder, name), join(folder, "unchanged", name)];
    if (existsSync(kept)) {
      rmSync(used, { recursive: true });
      cpSync(kept, used, { recursive: true });
    } else {
      cpSync(used, kept, { recursive: true });
    }
  }
}

/** @throws Error if `find` does not occur exactly once or changes nothing. */
export function mutated(source: string, { name, file, find, replace }: Mutant): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(`${name}: what to find occurs ${parts.length - 1} times in ${file}, not once: ${find}`);
  }
  if (find === replace) throw new Error(`${name}: changes nothing`);
  return parts.join(replace);
}

async function runTests(folder: string, files: readonly string[]): Promise<Trial> {
  const solidity = files.filter((file) => file.endsWith(".sol"));
  const mocha = files.filter((file) => file.endsWith(".ts"));
  const runs: [string[], RegExp][] = [];
  if (mocha.length > 0) {
    runs.push([
      [MOCHA, "--bail", "--exit", "--timeout", "60000", "--spec", ...mocha.flatMap(spec)],
      /\d+ failing/,
    ]);
  }
  if (solidity.length > 0) runs.push([[HARDHAT, "test", "solidity", ...solidity], /\d+ failing/]);
  for (const [words, failure] of runs) {
    const { code, output } = await command(folder, words);
    if (code === "late") return { verdict: "killed", output };
    if (code !== 0) return { verdict: failure.test(output) ? "killed" : "broken", output };
  }
  return { verdict: "survived", output: "" };
}

function spec(file: string, index: number): string[] {
  return index === 0 ? [file] : ["--spec", file];
}

function command(folder: string, words: string[]): Promise<{ code: number | "late"; output: string }> {
  return new Promise((done) => {
    const plain = { NO_COLOR: "1", FORCE_COLOR: "0" };
    // Only what the contracts do counts here, not what it costs.
    const env = { ...process.env, ...plain, QUORATE_BUILD_FOLDER: ".", QUORATE_QUICK_COMPILE: "1" };
    const child = spawn(process.execPath, words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let late = false;
    const clock = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, LONGEST_MS);
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += String(text)));
    child.on("close", (code) => {
      clearTimeout(clock);
      done({ code: late ? "late" : (code ?? 1), output: output.slice(-6_000) });
    });
  });
}
