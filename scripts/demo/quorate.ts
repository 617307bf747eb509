import { main } from "../../coordinator/cli/main.ts";

/** What the command wrote and returned. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the `quorate` command inside this process. */
export async function quorate(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main([...args], {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    env,
    interactive: false,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
