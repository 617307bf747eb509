import Table from "cli-table3";
import type { Command } from "commander";
import type { RoundRecord } from "../protocol/views/federation-view.ts";
import { isFinal, weightOf, winnerOf } from "../protocol/views/queries.ts";
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
        const rounds = records.map((record) => summaryOf(record, now));
        io.out(options.json ? toJson(rounds) : roundsTable(rounds));
        return undefined;
      }),
  );
}

function summaryOf(record: RoundRecord, now: number) {
  const won = winnerOf(record);
  const votes = record.ended ? record.countedVotes : record.castVotes;
  return {
    round: record.round,
    status: record.status,
    final: isFinal(record, now),
    openedAt: record.opened.time,
    endedAt: record.ended?.time ?? null,
    candidate: won?.id ?? null,
    modelRoot: won?.candidate.modelRoot ?? null,
    modelCid: won?.candidate.modelCid ?? null,
    updates: won?.candidate.updateCount ?? null,
    validationScore: won?.candidate.validationScore ?? null,
    ratioBps: record.ratioBps,
    participationBps: record.participationBps,
    proposals: record.candidates.flatMap(({ id, signers }) =>
      signers.map(({ miner }) => ({ miner, candidate: id })),
    ),
    votes: votes.map(({ miner, candidate, support, confidence, reason }) => ({
      miner,
      candidate,
      support,
      confidenceBps: confidence,
      reason,
      weight: weightOf(record, miner),
    })),
    transactions: record.transactions,
  };
}

function roundsTable(rounds: readonly ReturnType<typeof summaryOf>[]): string {
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
