import type { Command } from "commander";
import type { Hex } from "../../protocol/bytes.ts";
import { decodeDecision } from "../../protocol/decisions/decision.ts";
import { type Cli, subcommand } from "../command.ts";
import { addJsonOption } from "../options.ts";
import { addCommitteeOptions, asClient, type CommitteeOptions } from "./committee-client.ts";
import { parseHash, printDecision } from "./text.ts";

interface Options extends CommitteeOptions {
  readonly task: Hex;
  readonly json?: boolean;
}

/** `quorate decision show`: waits for a decision, and believes it once weight above F says the same. */
export function decisionShowCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "show",
      summary: "wait for the decision on a task, as members of weight above F tell it",
      addOptions: (command) =>
        addJsonOption(addCommitteeOptions(command)).requiredOption(
          "--task <id>",
          "whose decision",
          parseHash,
        ),
    },
    (options) =>
      asClient(options, cli, async ({ client, until }) => {
        const bytes = await client.decision(options.task, until);
        printDecision(decodeDecision(bytes), cli.io, options.json === true);
      }),
  );
}
