import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const DEMO = fileURLToPath(new URL("../../scripts/demo.ts", import.meta.url));

/** A running `npm run demo`. */
export interface Demo {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

export function startDemo(args: readonly string[]): Demo {
  const child = spawn(process.execPath, [DEMO, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const text = { out: "", err: "" };
  child.stdout!.on("data", (chunk) => (text.out += chunk));
  child.stderr!.on("data", (chunk) => (text.err += chunk));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on("exit", (code) => resolve({ code, ...text }));
  });
  return { child, ended };
}

/** Resolves when standard error has shown `pattern`. */
export function shows({ child, ended }: Demo, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr!.on("data", (chunk) => {
      text += chunk;
      if (pattern.test(text)) resolve();
    });
    void ended.then(({ err }) => reject(new Error(`ended without ${pattern}:\n${err}`)));
  });
}

/** Whether the demo's chain still answers. */
export async function chainAnswers(out: string): Promise<boolean> {
  const url = /listening at (\S+)/.exec(readFileSync(join(out, "logs", "chain.log"), "utf8"))![1]!;
  return fetch(url).then(
    () => true,
    () => false,
  );
}
