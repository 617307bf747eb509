import type { Command } from "commander";
import type { QuorateWriter } from "../adapters/chain/writer.ts";
import type { Proven } from "../ports/challenges.ts";
import type { Hex } from "../protocol/bytes.ts";
import { sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { CandidateRecord, FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { askByHand, concludeByHand, type Place, parsePlace, receiptsByHand } from "./challenge-data.ts";
import type { MinerQuery, MinerSearch } from "./challenge-miners.ts";
import { withCleanup } from "./cleanup.ts";
import { type Cli, subcommand } from "./command.ts";
import { dataFolder, openWriter, type WriterOptions } from "./connect.ts";
import { EXIT, toJson } from "./io.ts";
import { parseAddress, parseIndex, parseRound } from "./options.ts";
import { describePlace, formatTokens, formatTransaction } from "./text.ts";
import { addWatchOptions, openSearch } from "./watch.ts";

interface Options extends WriterOptions {
  readonly round: bigint;
  readonly candidate?: Hex;
  readonly coordinate?: number;
  readonly doubleSignature?: boolean;
  readonly refute?: boolean;
  readonly miner?: Hex;
  readonly evidence?: string;
  readonly ask?: Place;
  readonly conclude?: boolean;
  readonly receipts?: string;
  readonly ipfs?: string;
  readonly json?: boolean;
}

/** `quorate challenge`: proves by hand what a watchtower proves by itself. */
export function challengeCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "challenge",
      summary: "prove a candidate of a round wrong, or what a miner signed; exit code 1 if nothing is",
      addOptions: (command) =>
        addWatchOptions(command)
          .requiredOption("--round <n>", "round of the candidate", parseRound)
          .option("--candidate <id>", "which one, if the round has two (default: the first that is wrong)")
          .option("--coordinate <j>", "this weight only (default: search for a wrong one)", parseIndex)
          .option("--double-signature", "prove that a miner signed two messages where one is allowed")
          .option("--refute", "refute noes that name a coordinate or a reference that is right")
          .option("--miner <address>", "with these two: this miner only", parseAddress)
          .option(
            "--ask <place[:leaf]>",
            "ask for 64 weights of this update, or of the model, with a bond",
            parsePlace,
          )
          .option("--conclude", "take what was asked for and not shown in time to its end")
          .option("--receipts <file>", "prove that miners left out a client they had acknowledged")
          .option("--evidence <file>", "with these two: a miner's evidence.jsonl (default: the folder's)"),
    },
    (options) =>
      withCleanup(async (cleanup) => {
        const { doubleSignature, refute, ask, conclude, receipts } = options;
        if ([doubleSignature, refute, ask, conclude, receipts].filter(Boolean).length > 1)
          throw new QuorateError(
            "USAGE",
            "choose one of --double-signature, --refute, --ask, --conclude and --receipts",
            {},
          );
        const { chain } = await openWriter(options, cli.io, cleanup);
        const search = { ...(await openSearch(chain, { options, cli, cleanup })), chain };
        const of = doubleSignature ? "double-signature" : refute ? "refute" : undefined;
        const data = ask || conclude || receipts;
        const lines = of
          ? await challengeMiners(search, options, of)
          : data
            ? await challengeData(search, options)
            : await challengeCandidate(search, options);
        for (const { json, text } of lines) cli.io.out(options.json ? toJson(json) : text);
        return lines.some(({ json }) => "transaction" in json) ? EXIT.ok : EXIT.failed;
      }),
  );
}

/** One line of output. */
interface Line {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

async function challengeCandidate(search: MinerSearch, options: Options): Promise<readonly Line[]> {
  const { challengeOf } = await import("../watch/challenge.ts");
  const { describedFault, findFault } = await import("../watch/find-fault.ts");
  const { chain } = search;
  const record = roundOf(await chain.view(), options.round);
  for (const posted of candidatesOf(record, options.candidate)) {
    const fault = await findFault(search, posted.candidate, options.coordinate);
    if (!fault) continue;
    const described = describedFault(fault);
    const challenge = await challengeOf(search, { record, posted, fault }, chain.account);
    const proof = proofLine(chain, await chain.challenger.prove(challenge));
    const { id: candidate } = posted;
    const accused = challenge.accused.length;
    const text = `candidate ${candidate} is wrong at ${describePlace(described)}; ${accused} accused, proven in ${proof.text}`;
    return [{ json: { candidate, ...described, ...proof.json, accused }, text }];
  }
  const what = options.coordinate === undefined ? "every weight" : `coordinate ${options.coordinate}`;
  return [{ json: { fault: null }, text: `round ${options.round}: ${what} is right, nothing to prove` }];
}

/** Requests for data, and receipts. */
async function challengeData(search: MinerSearch, options: Options): Promise<readonly Line[]> {
  const record = roundOf(await search.chain.view(), options.round);
  const { ask: place, receipts } = options;
  if (place)
    return [await askByHand(search, { record, posted: candidatesOf(record, options.candidate)[0]!, place })];
  return receipts ? receiptsByHand(search, record, receipts) : concludeByHand(search, record);
}

async function challengeMiners(
  search: MinerSearch,
  options: Options,
  of: MinerQuery["of"],
): Promise<readonly Line[]> {
  const { evidencePath, findOffences } = await import("./challenge-miners.ts");
  const { chain } = search;
  const view = await chain.view();
  const record = roundOf(view, options.round);
  const evidence = evidencePath(options.evidence, dataFolder(options));
  const { miner } = options;
  const found = await findOffences(search, {
    record,
    view,
    of,
    ...(miner && { miner }),
    ...(evidence && { evidence }),
  });
  const lines: Line[] = [];
  for (const offence of found) {
    const proof = proofLine(chain, await offence.prove(chain.challenger));
    const { miner: guilty, what } = offence;
    const text = `miner ${guilty} ${what}; proven in ${proof.text}`;
    lines.push({ json: { miner: guilty, offence: what, ...proof.json }, text });
  }
  if (lines.length > 0) return lines;
  return [{ json: { fault: null }, text: `round ${options.round}: no miner can be shown to have done that` }];
}

function proofLine({ connection }: QuorateWriter, { gas, proven, bounty }: Proven): Line {
  const where = formatTransaction(connection.chainId, proven.hash);
  return {
    json: { transaction: proven.hash, gas, bounty },
    text: `${where} (${gas} gas with the commitment, bounty ${formatTokens(bounty)} tokens)`,
  };
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
