import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Hex } from "../../protocol/bytes.ts";
import { proveDecision } from "../../protocol/decisions/proof.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openReader } from "../connect.ts";
import { toJson } from "../io.ts";
import { addChainOptions, type ChainOptions } from "../options.ts";
import { parseHash } from "./text.ts";

interface Options extends ChainOptions {
  readonly folder: string;
  readonly task: Hex;
  readonly out: string;
}

/** `quorate decision prove`: a file that proves one decision to anyone with the chain. */
export function decisionProveCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "prove",
      summary: "write a file that proves one decision under the newest checkpoint on the chain",
      addOptions: (command) =>
        addChainOptions(command)
          .requiredOption("--folder <folder>", "folder of a replica, which may be running")
          .requiredOption("--task <id>", "whose decision", parseHash)
          .requiredOption("--out <file>", "where the proof goes"),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { readDecisions } = await import("../../adapters/decisions/file-decisions.ts");
        const reader = await openReader(options, cli.io, cleanup);
        const newest = (await reader.recentView()).anchors.at(-1);
        if (!newest)
          throw new QuorateError("NOTHING_ANCHORED", "no checkpoint is on the chain yet: try again later");
        const proof = proveDecision(readDecisions(options.folder), options.task, newest);
        await writeFile(options.out, `${toJson(proof)}\n`);
        cli.io.out(`${options.out} proves the decision on ${options.task} under checkpoint ${newest.count}`);
        return undefined;
      }),
  );
}
