import { readFile } from "node:fs/promises";
import { InvalidArgumentError } from "commander";
import type { QuorateWriter } from "../adapters/chain/writer.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { leafRequest, leafToAsk } from "../protocol/faults/leaf.ts";
import { referenceOf } from "../protocol/round/references.ts";
import type { CandidateRecord, RoundRecord } from "../protocol/views/federation-view.ts";
import { findBrokenReceipts, type KeptReceipt } from "../watch/broken-receipts.ts";
import { accusedOf, openingOf, type Witnesses } from "../watch/challenge.ts";
import { type FaultSearch, fetchUpdates } from "../watch/find-fault.ts";
import { RECEIPTS_FORMAT } from "./client/receipts.ts";
import { formatTime, formatTransaction } from "./text.ts";
import { describeModel } from "./watch-loop.ts";

/** What is asked for: an update by its place, or the model; a leaf, or any. */
export interface Place {
  readonly index: number | null;
  readonly leaf?: number;
}

/** "model" or a place in the manifest, each with or without ":leaf". */
export function parsePlace(text: string): Place {
  const match = /^(model|[0-9]{1,4})(?::([0-9]{1,9}))?$/.exec(text);
  if (!match)
    throw new InvalidArgumentError('expected "model" or a place in the manifest, then maybe ":leaf".');
  const index = match[1] === "model" ? null : Number(match[1]);
  return match[2] === undefined ? { index } : { index, leaf: Number(match[2]) };
}

interface Line {
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

type Search = FaultSearch & Pick<Witnesses, "recoverer"> & { readonly chain: QuorateWriter };

/** Asks for a leaf of a candidate's data, with a bond. */
export async function askByHand(
  search: Search,
  { record, posted, place }: { record: RoundRecord; posted: CandidateRecord; place: Place },
): Promise<Line> {
  const { chain, federation } = search;
  const { id, candidate } = posted;
  const { index } = place;
  const references = index === null ? [] : (await fetchUpdates(search, candidate)).map(referenceOf);
  const asked = record.requests.filter((request) => request.candidate === id).length;
  const { dimension } = federation.federation;
  const leaf = place.leaf ?? leafToAsk({ candidate: id, asker: chain.account, asked, dimension });
  const opening = await openingOf(chain, record);
  const sent = await chain.challenger.ask({ id, candidate, ...opening, index, leaf, references });
  const made = (await chain.view()).rounds
    .get(record.round)
    ?.requests.find(({ asked: { transaction } }) => transaction === sent.hash);
  const where = formatTransaction(chain.connection.chainId, sent.hash);
  const until = made ? `; to be shown until ${formatTime(made.dueAt)}` : "";
  return {
    json: { candidate: id, index, leaf, transaction: sent.hash, gas: sent.gasUsed, dueAt: made?.dueAt },
    text: `candidate ${id}: leaf ${leaf} of ${describeModel(index)} asked for in ${where}${until}`,
  };
}

/** Concludes the round's requests whose time is over. */
export async function concludeByHand(search: Search, record: RoundRecord): Promise<readonly Line[]> {
  const { chain } = search;
  const now = await chain.pendingTime();
  const due = record.requests.filter(({ state, dueAt }) => state === "open" && now > dueAt);
  const lines: Line[] = [];
  for (const asked of due) {
    const posted = record.candidates.find(({ id }) => id === asked.candidate)!;
    const opening = { baseRoot: record.baseRoot, ...(await openingOf(chain, record)) };
    const accused = await accusedOf(search, { record, posted }, chain.account);
    const request = leafRequest(asked.candidate, { round: record.round, ...asked });
    const sent = await chain.challenger.conclude({ request, opening, accused });
    const where = formatTransaction(chain.connection.chainId, sent.hash);
    lines.push({
      json: { candidate: posted.id, transaction: sent.hash, gas: sent.gasUsed, accused: accused.length },
      text: `candidate ${posted.id}: leaf ${asked.leaf} of ${describeModel(asked.index)} was not shown; ${accused.length} accused in ${where}`,
    });
  }
  if (lines.length > 0) return lines;
  return [{ json: { fault: null }, text: `round ${record.round}: no request whose answer time is over` }];
}

/** Proves that miners left out a client they had acknowledged. */
export async function receiptsByHand(
  search: Search,
  record: RoundRecord,
  path: string,
): Promise<readonly Line[]> {
  const { chain } = search;
  const lines: Line[] = [];
  for (const { miner, candidate, challenge } of await findBrokenReceipts(
    search,
    record,
    await readReceipts(path, record),
  )) {
    const { gas, proven } = await chain.challenger.proveReceipt(challenge);
    const where = formatTransaction(chain.connection.chainId, proven.hash);
    lines.push({
      json: { miner, candidate, transaction: proven.hash, gas },
      text: `miner ${miner} acknowledged the update and signed candidate ${candidate} without it; proven in ${where} (${gas} gas with the commitment)`,
    });
  }
  if (lines.length > 0) return lines;
  return [{ json: { fault: null }, text: `round ${record.round}: every receipt was kept` }];
}

/** @throws QuorateError RECEIPTS_MALFORMED, RECEIPTS_OTHER_ROUND */
async function readReceipts(path: string, record: RoundRecord): Promise<readonly KeptReceipt[]> {
  const malformed = (cause?: unknown) =>
    new QuorateError(
      "RECEIPTS_MALFORMED",
      `${path} is no file of receipts: give one that \`quorate client submit --receipts\` wrote`,
      { path },
      { cause },
    );
  const file = await readFile(path, "utf8")
    .then(JSON.parse)
    .catch((cause) => {
      throw malformed(cause);
    });
  if (file?.format !== RECEIPTS_FORMAT || !Array.isArray(file.receipts)) throw malformed();
  if (!sameHex(file.openingHash, record.openingHash))
    throw new QuorateError(
      "RECEIPTS_OTHER_ROUND",
      `${path} holds receipts of round ${file.round} with opening ${file.openingHash}, round ${record.round} has ${record.openingHash}`,
      { path, round: file.round },
    );
  const { client, modelRoot } = file as { client: Hex; modelRoot: Hex };
  return (file.receipts as { miner: Hex; signature: Hex }[]).map(({ miner, signature }) => ({
    miner,
    signature,
    client,
    modelRoot,
  }));
}
