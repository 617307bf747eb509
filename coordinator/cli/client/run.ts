import type { Command } from "commander";
import type { Attack } from "../../protocol/attacks/attack.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { integerBetween } from "../options.ts";
import { addClientOptions, type ClientOptions } from "./options.ts";
import { addAttackOption } from "./poison.ts";
import { addTrainingOptions, type TrainingOptions } from "./training.ts";

export interface ClientRunOptions extends ClientOptions, TrainingOptions {
  readonly rounds?: number;
  readonly attack?: Attack;
}

const MOST_ROUNDS = 1_000_000;

/** `quorate client run`: one process that trains, submits and claims, round after round. */
export function clientRunCommand(cli: Cli): Command {
  return subcommand<ClientRunOptions>(
    cli,
    {
      name: "run",
      summary: "train and submit in every round and claim what becomes final, until stopped",
      addOptions: (command) =>
        addAttackOption(addTrainingOptions(addClientOptions(command))).option(
          "--rounds <n>",
          "end once this round is over, final and claimed",
          integerBetween(1, MOST_ROUNDS),
        ),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { runWorker } = await import("./worker.ts");
        await runWorker(options, cli, cleanup);
        return undefined;
      }),
  );
}
