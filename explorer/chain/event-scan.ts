import { padHex } from "viem/utils";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { EVENT_SOURCES } from "../../coordinator/protocol/views/events.ts";
import type { Decoded } from "./decode.ts";
import type { Federation } from "./federation.ts";
import { blockTimes, readLogs } from "./logs.ts";
import type { RawLog } from "./types.ts";

/** What events are asked for. */
export interface EventFilter {
  readonly name: string | null;
  /** Contract by name. */
  readonly contract: string | null;
  readonly round: bigint | null;
  /** An account that an indexed value of the event names. */
  readonly address: Hex | null;
}

export interface EventRow {
  readonly log: RawLog;
  readonly time: number;
  readonly decoded: Decoded | null;
}

/** A place between events: all with a smaller one come after it. */
export interface Position {
  readonly block: number;
  readonly logIndex: number;
}

/** Blocks of the first look; doubled while a page is not full. */
const FIRST_SPAN = 256;

/** The newest events before a position, newest first. `more` says whether older blocks are left. */
export async function scanEvents(
  federation: Federation,
  filter: EventFilter,
  before: Position,
  count: number,
): Promise<{ readonly rows: EventRow[]; readonly more: boolean }> {
  const found: RawLog[] = [];
  let to = before.block;
  for (let span = FIRST_SPAN; to >= federation.firstBlock && found.length <= count; span *= 2) {
    const from = Math.max(federation.firstBlock, to - span + 1);
    const logs = await matching(federation, filter, { from, to });
    found.push(...logs.filter((log) => isBefore(log, before)));
    to = from - 1;
  }
  const rows = found.slice(0, count);
  const times = await blockTimes(federation, rows);
  return {
    rows: rows.map((log) => ({
      log,
      time: times.get(log.blockHash) ?? 0,
      decoded: federation.abi.event(log),
    })),
    more: found.length > count,
  };
}

function isBefore(log: RawLog, { block, logIndex }: Position): boolean {
  const at = Number(log.blockNumber);
  return at < block || (at === block && Number(log.logIndex) < logIndex);
}

/** Logs of a range, newest first. An account may stand in any of three indexed places. */
async function matching(
  federation: Federation,
  { name, contract, round, address: account }: EventFilter,
  range: { readonly from: number; readonly to: number },
): Promise<RawLog[]> {
  const { addresses, abi } = federation;
  const names = contract ? [contract] : [...EVENT_SOURCES, "FederationToken"];
  const address = names.map((one) => addresses[one]).filter((one) => one !== undefined);
  const topic = name ? (abi.topicOf(name) ?? UNKNOWN_TOPIC) : null;
  const first = round === null ? null : padHex(`0x${round.toString(16)}`, { size: 32 });
  const word = account && padHex(account.toLowerCase() as Hex, { size: 32 });
  const queries = word
    ? [
        [topic, word],
        [topic, first, word],
        [topic, first, null, word],
      ]
    : [[topic, first]];
  const answers = await Promise.all(
    queries.map((topics) => readLogs(federation, { ...range, address, topics })),
  );
  const unique = new Map(
    answers.flat().map((log) => [Number(log.logIndex) + Number(log.blockNumber) * 1e6, log]),
  );
  return [...unique].sort(([a], [b]) => b - a).map(([, log]) => log);
}

/** Matches nothing: a name no contract knows. */
const UNKNOWN_TOPIC: Hex = `0x${"ff".repeat(32)}`;
