import Table from "cli-table3";
import type { Command } from "commander";
import type { ChainReader } from "../ports/chain.ts";
import type { ChainHistory } from "../ports/chain-history.ts";
import type { FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { publicLink } from "../protocol/views/public-explorers.ts";
import { clientAddresses, deadlinesOf, isFinal, timeIn, tokenTotals } from "../protocol/views/queries.ts";
import { phaseOf } from "../protocol/views/summary.ts";
import { withCleanup } from "./cleanup.ts";
import { type Cli, subcommand } from "./command.ts";
import { openReader } from "./connect.ts";
import { type Io, toJson } from "./io.ts";
import { addChainOptions, addJsonOption, type ChainOptions } from "./options.ts";
import { PLAIN_TABLE } from "./table.ts";
import { formatTime, formatTokens, formatWad, shorten } from "./text.ts";

interface Options extends ChainOptions {
  readonly json?: boolean;
}

/** `quorate status`: where the federation stands now. */
export function statusCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "status",
      summary: "the newest round, the miners, the clients and the money",
      addOptions: (command) => addJsonOption(addChainOptions(command)),
    },
    (options, { io }) =>
      withCleanup(async (cleanup) => {
        const status = await readStatus(await openReader(options, io, cleanup));
        if (options.json) io.out(toJson(status));
        else printStatus(status, io);
        return undefined;
      }),
  );
}

type Status = Awaited<ReturnType<typeof readStatus>>;

async function readStatus(chain: ChainReader & ChainHistory) {
  const { domain, contracts, taskHash, genesisRoot, dimension } = await chain.federation();
  const [view, head, now] = [await chain.view(), await chain.head(), await chain.pendingTime()];
  const newest = view.rounds.get(view.latestRound);
  const time = timeIn(view, now);
  return {
    chainId: domain.chainId,
    contracts,
    task: { taskHash, genesisRoot, dimension },
    head,
    round: newest ? { ...roundLine(newest, time), deadlines: deadlinesOf(newest) } : null,
    finalRound: newestFinal(view, time),
    miners: [...view.miners.values()],
    clients: clientAddresses(view).map((client) => view.clients.get(client.toLowerCase())!),
    tokens: tokenTotals(view),
    pause: view.pause,
    blockTime: now,
  };
}

function roundLine(record: RoundRecord, now: number) {
  const { round, status, openingHash, baseRoot, candidates, castVotes } = record;
  const phase = status === "open" ? phaseOf(record, now) : "ended";
  return {
    round,
    status,
    phase,
    openingHash,
    baseRoot,
    candidates: candidates.length,
    castVotes: castVotes.length,
  };
}

function newestFinal(view: FederationView, now: number): bigint {
  const final = [...view.rounds.values()].filter((record) => isFinal(record, now));
  return final.at(-1)?.round ?? 0n;
}

function printStatus(status: Status, io: Io): void {
  const { round, head, tokens, pause } = status;
  io.out(`chain ${status.chainId}, RoundConsensus ${status.contracts.RoundConsensus}`);
  const link = publicLink(status.chainId, "address", status.contracts.RoundConsensus!);
  if (link) io.out(link);
  if (pause)
    io.out(
      `paused since ${formatTime(pause.since)}: no round, vote or dispute moves, and no time runs out; ` +
        `exits and claims stay open. Anyone may end it from ${formatTime(pause.until)} on`,
    );
  io.out(
    round
      ? `round ${round.round}: ${round.status}, ${round.phase}; ${round.candidates} candidates, ${round.castVotes} votes on chain`
      : "no round was opened yet",
  );
  io.out(
    head.round === 0n
      ? "head: the genesis model"
      : `head: round ${head.round}, model root ${head.modelRoot}; final up to round ${status.finalRound}`,
  );
  io.out(minersTable(status));
  const active = status.clients.filter(({ terms }) => terms.at(-1)?.active).length;
  io.out(`clients: ${active} registered`);
  io.out(
    `tokens: ${formatTokens(tokens.staked)} staked, ${formatTokens(tokens.unbonding)} unbonding, ` +
      `${formatTokens(tokens.funded - tokens.claimed)} in the pot, ${formatTokens(tokens.promised)} earned, ` +
      `${formatTokens(tokens.claimed)} claimed${tokens.bonds > 0n ? `, ${formatTokens(tokens.bonds)} in bonds` : ""}`,
  );
  io.out(`block time ${formatTime(status.blockTime)}`);
}

function minersTable({ miners }: Status): string {
  const head = ["miner", "status", "stake", "reputation", "weight", "voted", "missed", "endpoint"];
  const table = new Table({ head, ...PLAIN_TABLE });
  for (const miner of miners)
    table.push([
      shorten(miner.miner),
      miner.status,
      formatTokens(miner.stake),
      formatWad(miner.reputation),
      formatTokens(miner.weight),
      miner.voted,
      miner.missed,
      miner.endpoint,
    ]);
  return table.toString();
}
