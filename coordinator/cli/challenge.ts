import type { Command } from "commander";
import type { Hex } from "../protocol/bytes.ts";
import { sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { CandidateRecord, FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { withCleanup } from "./cleanup.ts";
import { type Cli, subcommand } from "./command.ts";
import { openWriter, type WriterOptions } from "./connect.ts";
import { EXIT, toJson } from "./io.ts";
import { parseIndex, parseRound } from "./options.ts";
import { describePlace, formatTransaction } from "./text.ts";
import { addWatchOptions, openSearch } from "./watch.ts";

interface Options extends WriterOptions {
  readonly round: bigint;
  readonly candidate?: Hex;
  readonly coordinate?: number;
  readonly ipfs?: string;
  readonly json?: boolean;
}

/** `quorate challenge`: proves one candidate wrong by hand. */
export function challengeCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "challenge",
      summary: "prove a candidate of a round wrong; exit code 1 if it is right",
      addOptions: (command) =>
        addWatchOptions(command)
          .requiredOption("--round <n>", "round of the candidate", parseRound)
          .option("--candidate <id>", "which one, if the round has two (default: the first that is wrong)")
          .option("--coordinate <j>", "this weight only (default: search for a wrong one)", parseIndex),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { challengeOf } = await import("../watch/challenge.ts");
        const { describedFault, findFault } = await import("../watch/find-fault.ts");
        const { io } = cli;
        const { chain } = await openWriter(options, io, cleanup);
        const record = roundOf(await chain.view(), options.round);
        const search = await openSearch(chain, { options, cli, cleanup });
        for (const posted of candidatesOf(record, options.candidate)) {
          const fault = await findFault(search, posted.candidate, options.coordinate);
          if (!fault) continue;
          const described = describedFault(fault);
          const challenge = await challengeOf(chain, { record, posted, fault }, chain.account);
          const { committed, proven } = await chain.challenger.prove(challenge);
          const gas = committed.gasUsed + proven.gasUsed;
          const { id: candidate } = posted;
          if (options.json)
            io.out(
              toJson({
                candidate,
                ...described,
                transaction: proven.hash,
                gas,
                accused: challenge.accused.length,
              }),
            );
          else
            io.out(
              `candidate ${candidate} is wrong at ${describePlace(described)}; ${challenge.accused.length} accused, proven in ${formatTransaction(chain.connection.chainId, proven.hash)} (${gas} gas with the commitment)`,
            );
          return EXIT.ok;
        }
        const what = options.coordinate === undefined ? "every weight" : `coordinate ${options.coordinate}`;
        io.out(
          options.json
            ? toJson({ fault: null })
            : `round ${options.round}: ${what} is right, nothing to prove`,
        );
        return EXIT.failed;
      }),
  );
}

function roundOf(view: FederationView, round: bigint): RoundRecord {
  const record = view.rounds.get(round);
  if (record) return record;
  throw new QuorateError(
    "ROUND_UNKNOWN",
    `round ${round} was never opened; the newest is ${view.latestRound}`,
    { round, latest: view.latestRound },
  );
}

function candidatesOf(record: RoundRecord, id: Hex | undefined): readonly CandidateRecord[] {
  const found = record.candidates.filter((posted) => id === undefined || sameHex(posted.id, id));
  if (found.length > 0) return found;
  throw new QuorateError(
    "CANDIDATE_UNKNOWN",
    id ? `round ${record.round} has no candidate ${id}` : `round ${record.round} has no candidate`,
    { round: record.round, candidate: id },
  );
}
