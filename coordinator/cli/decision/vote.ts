import type { Command } from "commander";
import { type Hex, toHex, ZERO_HASH } from "../../protocol/bytes.ts";
import { type Ballot, ballotDigest, encodeBallot, FULL } from "../../protocol/decisions/operations.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Config } from "../../protocol/praft/config.ts";
import { type Cli, subcommand } from "../command.ts";
import { integerBetween } from "../options.ts";
import type { Voter } from "../praft/voter.ts";
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
      asClient(options, cli, async ({ config, voter, submit }) => {
        const key = toHex(voter.scheme.publicKeyOf(voter.secretKey));
        const signer = config.members.findIndex(({ voteKey }) => toHex(voteKey) === key);
        if (signer < 0)
          throw new QuorateError(
            "COMMITTEE_STRANGER",
            `${options.committee} has no member with the vote key ${key}: only members cast ballots`,
            { key },
          );
        const { task, subject, score, confidence, evidence = ZERO_HASH } = options;
        const content = { task, subject, signer, score, confidence, evidence };
        await submit([encodeBallot({ ...content, signature: signatureOf(voter, config, content) })]);
        cli.io.out(`member ${signer} scored ${subject} with ${score}`);
      }),
  );
}

/** None where the bundle is signed by the vote key: it signs the ballot in it, too. */
function signatureOf(
  { scheme, secretKey }: Voter,
  config: Config,
  content: Omit<Ballot, "operation" | "signature">,
): Uint8Array {
  if (scheme.name === "secp256k1") return new Uint8Array();
  return scheme.sign(secretKey, ballotDigest(config, content));
}
