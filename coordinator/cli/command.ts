import { Command } from "commander";
import { EXIT, type ExitCode, type Io } from "./io.ts";

/** What every subcommand gets: where it writes, and where it leaves its exit code. */
export interface Cli {
  readonly io: Io;
  readonly result: { code: ExitCode };
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/**
 * A subcommand whose action may return an exit code; none means ok. Its options come first, then its positional
 * arguments are not used anywhere: everything is named.
 */
export function subcommand<Options>(
  cli: Cli,
  spec: {
    readonly name: string;
    readonly summary: string;
    readonly addOptions?: (command: Command) => unknown;
  },
  run: (options: Options, cli: Cli) => Promise<ExitCode | undefined>,
): Command {
  const command = new Command(spec.name).description(spec.summary).allowExcessArguments(false);
  spec.addOptions?.(command);
  return command.action(async (options: Options) => {
    cli.result.code = (await run(options, cli)) ?? EXIT.ok;
  });
}

/** A command that only holds others. */
export function group(name: string, summary: string, members: readonly Command[]): Command {
  const command = new Command(name).description(summary);
  for (const member of members) command.addCommand(member);
  return command;
}
