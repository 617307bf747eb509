import { type Hex, sameHex } from "../../coordinator/protocol/bytes.ts";
import type { FederationView, RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import type { Federation } from "../chain/federation.ts";
import { quantity } from "../chain/rpc.ts";
import type { RawBlock, RawTransaction } from "../chain/types.ts";
import { digestOf } from "../format/cid.ts";
import { shorten } from "../format/text.ts";
import { labelsOf } from "./labels.ts";
import { linkTo } from "./route.ts";

/** One place a search may mean. */
export interface Found {
  readonly what: string;
  readonly link: string;
}

/** What a search comes to: places to go, or a sentence that helps. */
export interface SearchResult {
  readonly found: readonly Found[];
  readonly hint: string;
}

const MOST_RESULTS = 12;

/** Looks for a hash, block, address, label, round number or CID. */
export async function search(
  text: string,
  federation: Federation,
  view: FederationView | null,
): Promise<SearchResult> {
  const wanted = text.trim();
  if (wanted === "") return { found: [], hint: "Type a hash, block or round number, address, label or CID." };
  const digest = digestOf(wanted);
  if (digest) return ofWord(digest, federation, view);
  if (/^#?\d{1,15}$/.test(wanted)) return ofNumber(Number(wanted.replace("#", "")), federation, view);
  const round = /^round\s*(\d{1,15})$/i.exec(wanted);
  if (round) return ofNumber(Number(round[1]), federation, view);
  if (/^0x[0-9a-f]{40}$/i.test(wanted)) return one(`address ${shorten(wanted)}`, linkTo("address", wanted));
  if (/^0x[0-9a-f]{64}$/i.test(wanted)) return ofWord(wanted.toLowerCase() as Hex, federation, view);
  if (/^(0x)?[0-9a-f]{4,}$/i.test(wanted)) return ofPart(wanted, federation, view);
  return ofLabel(wanted, federation, view);
}

function one(what: string, link: string): SearchResult {
  return { found: [{ what, link }], hint: "" };
}

async function ofNumber(
  number: number,
  { rpc }: Federation,
  view: FederationView | null,
): Promise<SearchResult> {
  const found: Found[] = [];
  if (number >= 1 && number <= Number(view?.latestRound ?? 0n))
    found.push({ what: `round ${number}`, link: linkTo("round", number) });
  const block = await rpc<RawBlock | null>("eth_getBlockByNumber", quantity(number), false);
  if (block) found.push({ what: `block ${number}`, link: linkTo("block", number) });
  const newest = view ? `; the newest round is ${view.latestRound}` : "";
  return { found, hint: `There is neither a round nor a block ${number}${newest}.` };
}

/** A whole 32-byte word: a transaction, a block, or something a round speaks of. */
async function ofWord(word: Hex, { rpc }: Federation, view: FederationView | null): Promise<SearchResult> {
  const [transaction, block] = await Promise.all([
    rpc<RawTransaction | null>("eth_getTransactionByHash", word),
    rpc<RawBlock | null>("eth_getBlockByHash", word, false),
  ]);
  if (transaction) return one(`transaction ${shorten(word)}`, linkTo("tx", word));
  if (block) return one(`block ${Number(block.number)}`, linkTo("block", Number(block.number)));
  const found = [...(view?.rounds.values() ?? [])].flatMap((record) =>
    wordsOf(record)
      .filter(([, value]) => sameHex(value, word))
      .map(([what]) => ({ what: `${what} of round ${record.round}`, link: linkTo("round", record.round) })),
  );
  const hint =
    "No transaction, block, candidate, model, manifest or root with this hash is known on this chain.";
  return { found: found.slice(0, MOST_RESULTS), hint };
}

function wordsOf(record: RoundRecord): [string, Hex][] {
  return [
    ["opening hash", record.openingHash],
    ["base model", record.baseRoot],
    ["base model’s CID", record.baseCid],
    ...record.candidates.flatMap(({ id, candidate }): [string, Hex][] => [
      ["candidate", id],
      ["model root", candidate.modelRoot],
      ["model’s CID", candidate.modelCid],
      ["manifest’s CID", candidate.manifestCid],
      ["payout root", candidate.payoutsRoot],
      ["updates hash", candidate.updatesHash],
    ]),
  ];
}

/** The beginning of a hash or address, or a word that only looks like one. */
function ofPart(text: string, federation: Federation, view: FederationView | null): SearchResult {
  const start = (text.startsWith("0x") ? text : `0x${text}`).toLowerCase();
  const found = new Map<string, Found>();
  const add = (value: string, what: string, link: string) => {
    if (value.toLowerCase().startsWith(start)) found.set(value, { what: `${what} ${shorten(value)}`, link });
  };
  for (const [address, label] of labelsOf(federation, view))
    add(address, label.name, linkTo("address", address));
  for (const record of view?.rounds.values() ?? []) {
    for (const hash of record.transactions) add(hash, "transaction", linkTo("tx", hash));
    for (const [what, value] of wordsOf(record))
      add(value, `${what} of round ${record.round}:`, linkTo("round", record.round));
  }
  if (found.size === 0 && !text.startsWith("0x")) return ofLabel(text, federation, view);
  const hint = `“${text}” is part of a hash, and nothing known here begins like that. Paste the whole hash (0x and 64 digits) or address (0x and 40).`;
  return { found: [...found.values()].slice(0, MOST_RESULTS), hint };
}

function ofLabel(text: string, federation: Federation, view: FederationView | null): SearchResult {
  const wanted = text.toLowerCase();
  const found = [...labelsOf(federation, view)]
    .filter(([, { name }]) => name.toLowerCase().includes(wanted))
    .map(([address, { name }]) => ({
      what: `${name} ${shorten(address)}`,
      link: linkTo("address", address),
    }));
  const hint = `No label contains “${text}”. Labels are contract names, “miner 1”, “client 2” and the names of the labels file.`;
  return { found: found.slice(0, MOST_RESULTS), hint };
}
