import type { Command } from "commander";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openWriter, type WriterOptions } from "../connect.ts";
import { addChainOptions, addFolderOption, addKeyOptions } from "../options.ts";
import { formatTransaction } from "../text.ts";

/** `quorate praft found`: tells the registry of checkpoints who signs them: the miners of the roster. */
export function praftFoundCommand(cli: Cli): Command {
  return subcommand<WriterOptions>(
    cli,
    {
      name: "found",
      summary: "have the chain take the committee that anchors from the miners' roster; once",
      addOptions: (command) => addFolderOption(addKeyOptions(addChainOptions(command))),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { chain } = await openWriter(options, cli.io, cleanup);
        const { hash } = await chain.checkpoints.found();
        const { configHash } = await chain.checkpoints.head();
        cli.io.out(`committee ${configHash} founded in ${formatTransaction(chain.connection.chainId, hash)}`);
        return undefined;
      }),
  );
}
