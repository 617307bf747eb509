import Table from "cli-table3";
import type { Command } from "commander";
import { timeIn } from "../protocol/views/queries.ts";
import { type RoundSummary, summaryOfRound } from "../protocol/views/summary.ts";
import { withCleanup } from "./cleanup.ts";
import { type Cli, subcommand } from "./command.ts";
import { openReader } from "./connect.ts";
import { toJson } from "./io.ts";
import { addChainOptions, addJsonOption, type ChainOptions, integerBetween } from "./options.ts";
import { PLAIN_TABLE } from "./table.ts";
import { formatBps, formatTime, shorten } from "./text.ts";

interface Options extends ChainOptions {
  readonly last: number;
  readonly json?: boolean;
}

const MOST_ROUNDS = 1_000_000;

/** `quorate rounds`: what happened to the newest rounds, from the chain's events. */
export function roundsCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "rounds",
      summary: "the newest rounds: outcome, winner, ratio, score, votes",
      addOptions: (command) =>
        addJsonOption(addChainOptions(command)).option(
          "--last <n>",
          "how many rounds",
          integerBetween(1, MOST_ROUNDS),
          20,
        ),
    },
    (options, { io }) =>
      withCleanup(async (cleanup) => {
        const chain = await openReader(options, io, cleanup);
        const [view, now] = [await chain.view(), await chain.pendingTime()];
        const records = [...view.rounds.values()].slice(-options.last);
        const rounds = records.map((record) => summaryOfRound(record, timeIn(view, now)));
        io.out(options.json ? toJson(rounds) : roundsTable(rounds));
        if (view.pause && !options.json) io.out(`paused since ${formatTime(view.pause.since)}`);
        return undefined;
      }),
  );
}

function roundsTable(rounds: readonly RoundSummary[]): string {
  const head = "round,status,final,ended,winner,signers,updates,score,ratio,participation,yes,no".split(",");
  const table = new Table({ head, ...PLAIN_TABLE });
  for (const round of rounds)
    table.push([
      String(round.round),
      round.status,
      round.final ? "yes" : "no",
      round.endedAt === null ? "–" : formatTime(round.endedAt),
      round.candidate ? shorten(round.candidate) : "–",
      round.proposals.filter(({ candidate }) => candidate === round.candidate).length,
      round.updates ?? "–",
      round.validationScore ?? "–",
      round.ratioBps === null ? "–" : formatBps(round.ratioBps),
      round.participationBps === null ? "–" : formatBps(round.participationBps),
      round.votes.filter(({ support }) => support).length,
      round.votes.filter(({ support }) => !support).length,
    ]);
  return table.toString();
}
