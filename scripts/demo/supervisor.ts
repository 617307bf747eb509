import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { QuorateError } from "../../coordinator/protocol/errors.ts";

/** How long a process may take to stop cleanly before it is killed, in milliseconds. */
const STOP_TIMEOUT_MS = 8_000;
const POLL_MS = 50;
const TAIL_LINES = 25;

export interface ProcessSpec {
  /** Names the log file too. */
  readonly name: string;
  /** The program; Node, if not given. */
  readonly command?: string;
  /** Of Node: the script, then its own. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

interface Supervised {
  readonly name: string;
  readonly child: ChildProcess;
  readonly log: string;
  stopping: boolean;
}

/** A process as others see it. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly log: string;
}

/**
 * Starts real processes, each with its own log file, and stops every one of them by its process id. A process that
 * ends while it should be running makes {@link Supervisor.check} throw with the tail of its log.
 */
export class Supervisor {
  readonly #folder: string;
  readonly #processes: Supervised[] = [];

  /** @param folder where the log files go; it is created */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Starts a process; its output goes to `<folder>/<name>.log`. */
  start({ name, command = process.execPath, args, env = {} }: ProcessSpec): RunningProcess {
    const log = join(this.#folder, `${name}.log`);
    const file = openSync(log, "a");
    // A group of its own: Ctrl-C reaches the supervisor alone, which then stops the processes in order.
    const child = spawn(command, [...args], {
      stdio: ["ignore", file, file],
      env: { ...process.env, ...env },
      detached: true,
    });
    closeSync(file);
    const entry: Supervised = { name, child, log, stopping: false };
    child.on("error", () => {});
    this.#processes.push(entry);
    if (child.pid === undefined)
      throw new QuorateError("PROCESS_NOT_STARTED", `${name} could not be started`, { name });
    return { name, pid: child.pid, log };
  }

  /** Processes that still run. */
  running(): readonly RunningProcess[] {
    return this.#processes.filter(isAlive).map(({ name, child, log }) => ({ name, pid: child.pid!, log }));
  }

  /** @throws QuorateError PROCESS_ENDED if a process ended that nobody stopped and that was not expected to end well */
  check(): void {
    const ended = this.#processes.find(
      (entry) => !entry.stopping && !isAlive(entry) && entry.child.exitCode !== 0,
    );
    if (ended) throw this.#endedEarly(ended);
  }

  /** Resolves with the first match of `pattern` in a process's log. */
  async waitForLog(
    name: string,
    pattern: RegExp,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<RegExpMatchArray> {
    const entry = this.#find(name);
    const until = Date.now() + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      const match = existsSync(entry.log) ? readFileSync(entry.log, "utf8").match(pattern) : null;
      if (match) return match;
      if (!isAlive(entry)) throw this.#endedEarly(entry);
      if (Date.now() > until)
        throw new QuorateError(
          "PROCESS_TIMEOUT",
          `${name} did not get ready within ${timeoutMs / 1000} s; the end of ${entry.log}:\n${tail(entry.log)}`,
          { name, log: entry.log },
        );
      await sleep(POLL_MS);
    }
  }

  /** Resolves with the exit code once the process has ended. */
  async waitForExit(name: string, signal?: AbortSignal): Promise<number> {
    const entry = this.#find(name);
    while (isAlive(entry)) {
      signal?.throwIfAborted();
      await sleep(POLL_MS);
    }
    entry.stopping = true;
    return entry.child.exitCode ?? 1;
  }

  /** Stops the named processes (all, if none is named), the last started first; kills what does not stop in time. */
  async stop(names?: readonly string[]): Promise<void> {
    const entries = this.#processes.filter((entry) => !names || names.includes(entry.name)).reverse();
    for (const entry of entries) {
      entry.stopping = true;
      if (isAlive(entry)) entry.child.kill("SIGTERM");
    }
    const until = Date.now() + STOP_TIMEOUT_MS;
    while (entries.some(isAlive) && Date.now() < until) await sleep(POLL_MS);
    this.killNow(names);
  }

  /** Kills at once, synchronously: the last resort, usable in an exit handler. */
  killNow(names?: readonly string[]): void {
    for (const entry of this.#processes) {
      if (names && !names.includes(entry.name)) continue;
      entry.stopping = true;
      if (isAlive(entry)) entry.child.kill("SIGKILL");
    }
  }

  /** Sends a signal to one process as a crash would: nobody is told. */
  kill(name: string, signal: NodeJS.Signals): void {
    const entry = this.#find(name);
    entry.stopping = true;
    entry.child.kill(signal);
  }

  /** Lets the named processes live on when this process ends. */
  release(names: readonly string[]): void {
    for (const entry of this.#processes.filter(({ name }) => names.includes(name))) {
      entry.child.unref();
      this.#processes.splice(this.#processes.indexOf(entry), 1);
    }
  }

  #find(name: string): Supervised {
    const entry = this.#processes.findLast((candidate) => candidate.name === name);
    if (!entry) throw new QuorateError("PROCESS_UNKNOWN", `no process is called ${name}`, { name });
    return entry;
  }

  #endedEarly({ name, child, log }: Supervised): QuorateError {
    const how = child.signalCode
      ? `was killed by ${child.signalCode}`
      : `ended with exit code ${child.exitCode}`;
    return new QuorateError("PROCESS_ENDED", `${name} ${how}; the end of ${log}:\n${tail(log)}`, {
      name,
      exitCode: child.exitCode,
      log,
    });
  }
}

function isAlive({ child }: Supervised): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** The last lines of a log file. */
export function tail(path: string, lines = TAIL_LINES): string {
  if (!existsSync(path)) return "(no output)";
  return readFileSync(path, "utf8").trimEnd().split("\n").slice(-lines).join("\n") || "(no output)";
}
