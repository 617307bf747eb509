import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { checkProof } from "../../protocol/decisions/proof.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openReader } from "../connect.ts";
import { addChainOptions, addJsonOption, type ChainOptions } from "../options.ts";
import { printDecision } from "./text.ts";

interface Options extends ChainOptions {
  readonly proof: string;
  readonly json?: boolean;
}

/** `quorate decision verify`: believes a proof file only as far as the chain does. */
export function decisionVerifyCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "verify",
      summary: "check a proof of a decision against the checkpoint on the chain; exit code 1 if it is false",
      addOptions: (command) =>
        addJsonOption(addChainOptions(command)).requiredOption("--proof <file>", "written by decision prove"),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const proof = await readProofFile(options.proof);
        const reader = await openReader(options, cli.io, cleanup);
        const { anchors } = await reader.recentView();
        const decision = checkProof(proof, (checkpoint) => {
          const anchor = anchors.find(({ count }) => count === BigInt(checkpoint));
          if (anchor) return anchor.decisionsRoot;
          throw new QuorateError(
            "CHECKPOINT_UNKNOWN",
            `checkpoint ${checkpoint} is not among the newest ${anchors.length} on the chain: prove the decision under a newer one`,
            { checkpoint, newest: anchors.at(-1)?.count },
          );
        });
        printDecision(decision, cli.io, options.json === true);
        return undefined;
      }),
  );
}

/** @throws QuorateError PROOF_MALFORMED, PROOF_UNREADABLE */
async function readProofFile(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new QuorateError(
      "PROOF_UNREADABLE",
      `${path} can't be read: ${cause.message}`,
      { path },
      { cause },
    );
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new QuorateError("PROOF_MALFORMED", `${path} is no JSON`, { path }, { cause });
  }
}
