import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process that holds the same updates and runs what it is told, one command at a time. */
export interface Contestant {
  readonly version: string;
  /** Seconds that the command took, without its output. */
  run(command: string): Promise<number>;
  stop(): void;
}

const COMPILER = "gcc";
const here = fileURLToPath(new URL(".", import.meta.url));

/** Python with NumPy; null if it is not installed. @param python its command */
export async function startNumpy(
  python: string,
  ...args: readonly (string | number)[]
): Promise<Contestant | null> {
  const found = spawnSync(python, ["-c", "import numpy"], { stdio: "ignore" }).status === 0;
  return found ? await start(python, [join(here, "numpy_side.py"), ...args.map(String)]) : null;
}

/** The C reader, compiled for this processor; null without gcc. */
export async function startReader(folder: string, ...args: readonly number[]): Promise<Contestant | null> {
  const program = join(folder, "reader");
  const flags = ["-O3", "-march=native", "-mprefer-vector-width=512", "-pthread"];
  const compiled = spawnSync(COMPILER, [...flags, "-o", program, join(here, "reader.c")], {
    stdio: "inherit",
  });
  return compiled.status === 0 ? await start(program, [...args.map(String), folder]) : null;
}

async function start(command: string, args: readonly string[]): Promise<Contestant> {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = linesOf(child);
  const { version } = (await answers()) as { version: string };
  return {
    version,
    run: async (line) => {
      child.stdin.write(`${line}\n`);
      return ((await answers()) as { seconds: number }).seconds;
    },
    stop: () => {
      child.stdin.end();
    },
  };
}

function linesOf(child: ChildProcess): () => Promise<unknown> {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`a contestant ended early (code ${child.exitCode})`);
    return JSON.parse(value);
  };
}
