import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { LEDGER_FILE } from "../../coordinator/cli/connect.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import type { RunningProcess } from "./supervisor.ts";

/** What a run writes into its folder; a new run removes these and nothing else. */
const ENTRIES = [
  "report.json",
  LEDGER_FILE,
  "deployment.json",
  "processes.json",
  "task",
  "data",
  "miners",
  "clients",
  "logs",
];

/**
 * Prepares the folder of a run.
 * @throws QuorateError DEMO_RUNNING if an earlier run with --keep still uses it; FOLDER_UNWRITABLE
 */
export function prepareFolder(folder: string): void {
  const alive = keptProcesses(folder).filter(({ pid }) => isAlive(pid));
  if (alive.length > 0)
    throw new QuorateError(
      "DEMO_RUNNING",
      `an earlier run still uses ${folder}: stop it with \`${stopCommand(alive)}\`, or choose another --out`,
      { folder, processes: alive },
    );
  try {
    for (const entry of ENTRIES) rmSync(join(folder, entry), { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new QuorateError(
      "FOLDER_UNWRITABLE",
      `${folder} can't be written: ${(cause as Error).message}; choose another --out`,
      { folder },
      { cause },
    );
  }
}

/** Remembers what --keep leaves running. */
export function recordKept(folder: string, processes: readonly RunningProcess[]): void {
  writeFileSync(join(folder, "processes.json"), `${JSON.stringify(processes, null, 2)}\n`);
}

/** The shell command that stops processes. */
export function stopCommand(processes: readonly { pid: number }[]): string {
  return `kill ${processes.map(({ pid }) => pid).join(" ")}`;
}

/** TCP ports of the loopback interface that are free now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function keptProcesses(folder: string): { name: string; pid: number }[] {
  const path = join(folder, "processes.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
