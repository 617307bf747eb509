/** Where a command writes and what it reads of its surroundings; tests pass their own. */
export interface Io {
  /** One line to standard output. */
  readonly out: (line: string) => void;
  /** One line to standard error. */
  readonly err: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True if standard error is a terminal: progress bars are drawn there. */
  readonly interactive: boolean;
}

/** The io of the running process. */
export function processIo(): Io {
  return {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    env: process.env,
    interactive: process.stderr.isTTY === true,
  };
}

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** The operation failed or a check did not hold. */
  failed: 1,
  /** The command line, a file name or an environment variable is not usable. */
  usage: 2,
  /** Stopped by Ctrl-C before it was done. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** JSON with integers beyond 2^53 as decimal strings. */
export function toJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, (_, item) => (typeof item === "bigint" ? String(item) : item), indent);
}
