import type { Command } from "commander";
import { type Hex, toHex, ZERO_HASH } from "../../protocol/bytes.ts";
import { encodeBallot, FULL } from "../../protocol/decisions/operations.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { type Cli, subcommand } from "../command.ts";
import { integerBetween } from "../options.ts";
import { addCommitteeOptions, asClient, type CommitteeOptions } from "./committee-client.ts";
import { parseHash } from "./text.ts";

interface Options extends CommitteeOptions {
  readonly task: Hex;
  readonly subject: Hex;
  readonly score: number;
  readonly confidence: number;
  readonly evidence?: Hex;
}

/** `quorate decision vote`: a member's ballot. */
export function decisionVoteCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "vote",
      summary: "cast a member's ballot on one subject of a task",
      addOptions: (command) =>
        addCommitteeOptions(command)
          .requiredOption("--task <id>", "as decision open printed it", parseHash)
          .requiredOption("--subject <hash>", "what the ballot is about", parseHash)
          .requiredOption("--score <n>", "basis points, or units to allocate", integerBetween(0, 2 ** 32 - 1))
          .option("--confidence <bps>", "how sure, in basis points", integerBetween(0, FULL), FULL)
          .option("--evidence <hash>", "hash of what it is judged by", parseHash),
    },
    (options) =>
      asClient(options, cli, async ({ config, publicKey, submit }) => {
        const key = toHex(publicKey);
        const signer = config.members.findIndex(({ voteKey }) => toHex(voteKey) === key);
        if (signer < 0)
          throw new QuorateError(
            "COMMITTEE_STRANGER",
            `${options.committee} has no member with the vote key ${key}: only members cast ballots`,
            { key },
          );
        const { task, subject, score, confidence, evidence = ZERO_HASH } = options;
        // The bundle is signed by the vote key, and so is the ballot in it.
        const signature = new Uint8Array();
        await submit([encodeBallot({ task, subject, signer, score, confidence, evidence, signature })]);
        cli.io.out(`member ${signer} scored ${subject} with ${score}`);
      }),
  );
}
