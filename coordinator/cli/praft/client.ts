import type { Command } from "commander";
import { type Cli, subcommand } from "../command.ts";
import { addCommitteeOptions, asClient, type CommitteeOptions } from "../decision/committee-client.ts";
import { toJson } from "../io.ts";

interface Options extends CommitteeOptions {
  readonly operation: readonly string[];
  readonly json?: boolean;
}

/** `quorate praft client`: has operations ordered, all of them in one bundle. */
export function praftClientCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "client",
      summary: "submit operations and wait until they are executed",
      addOptions: (command) =>
        addCommitteeOptions(command)
          .requiredOption("--operation <text...>", "operations, in this order, in one bundle")
          .option("--json", "print JSON"),
    },
    (options) =>
      asClient(options, cli, async ({ submit }) => {
        const operations = options.operation.map((text) => new TextEncoder().encode(text));
        const started = performance.now();
        const sequence = await submit(operations);
        const milliseconds = Math.round(performance.now() - started);
        const line = `bundle ${sequence}: ${operations.length} operations executed after ${milliseconds} ms`;
        cli.io.out(options.json ? toJson({ sequence, operations: operations.length, milliseconds }) : line);
      }),
  );
}
