import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import {
  type ChainEvent,
  chainEvent,
  EVENT_SOURCES,
  isEventName,
} from "../../coordinator/protocol/views/events.ts";
import { byName } from "./decode.ts";
import type { Federation } from "./federation.ts";
import { quantity } from "./rpc.ts";
import type { RawBlock, RawLog } from "./types.ts";

/** Blocks per request at first; halved while the node refuses the range. */
const FIRST_CHUNK = 20_000;
const SMALLEST_CHUNK = 16;
/** Logs decoded before the page may draw again. */
const SLICE = 400;
/** Block times remembered, for nodes whose logs hold none. */
const TIMES_KEPT = 5_000;

export interface LogFilter {
  readonly from: number;
  readonly to: number;
  /** Per position: one topic, any of several, or null for all. */
  readonly topics?: readonly (Hex | readonly Hex[] | null)[];
  /** Default: all contracts of the federation that have events. */
  readonly address?: readonly Hex[];
}

/** Raw logs of a range of blocks, in as few requests as the node allows. */
export async function readLogs(federation: Federation, filter: LogFilter): Promise<RawLog[]> {
  const { rpc, addresses } = federation;
  const address = filter.address ?? EVENT_SOURCES.map((name) => addresses[name]!);
  const logs: RawLog[] = [];
  let chunk = FIRST_CHUNK;
  for (let start = filter.from; start <= filter.to; ) {
    const end = Math.min(filter.to, start + chunk - 1);
    const range = { fromBlock: quantity(start), toBlock: quantity(end) };
    try {
      const topics = filter.topics && { topics: filter.topics };
      logs.push(...(await rpc<RawLog[]>("eth_getLogs", { address, ...range, ...topics })));
      start = end + 1;
    } catch (error) {
      if (!isQuorateError(error, "RPC_ERROR") || chunk <= SMALLEST_CHUNK) throw error;
      chunk = Math.max(SMALLEST_CHUNK, Math.floor(chunk / 2));
    }
  }
  return logs;
}

const times = new Map<Hex, number>();

/** Block times of logs, seconds, by block hash; asked for only where the node left them out. */
export async function blockTimes({ rpc }: Federation, logs: readonly RawLog[]): Promise<Map<Hex, number>> {
  const found = new Map<Hex, number>();
  const unknown = new Map<Hex, Hex>();
  for (const log of logs) {
    const time = log.blockTimestamp === undefined ? times.get(log.blockHash) : Number(log.blockTimestamp);
    if (time === undefined) unknown.set(log.blockHash, log.blockNumber);
    else found.set(log.blockHash, time);
  }
  const blocks = [...unknown].map(async ([hash, number]) => {
    const block = await rpc<RawBlock | null>("eth_getBlockByNumber", number, false);
    const time = Number(block?.timestamp ?? 0);
    found.set(hash, time);
    times.set(hash, time);
  });
  await Promise.all(blocks);
  while (times.size > TIMES_KEPT) times.delete(times.keys().next().value!);
  return found;
}

/** Domain events, in slices between which the page can draw. */
export async function* decodeLogs(
  federation: Federation,
  logs: readonly RawLog[],
): AsyncGenerator<ChainEvent[]> {
  const timeOf = await blockTimes(federation, logs);
  for (let i = 0; i < logs.length; i += SLICE) {
    const slice = logs.slice(i, i + SLICE);
    yield slice.flatMap((log) => decodeLog(federation, log, timeOf.get(log.blockHash) ?? 0) ?? []);
    if (i + SLICE < logs.length) await pause();
  }
}

/** A log of the federation's contracts as a domain event; undefined for any other. */
export function decodeLog({ abi }: Federation, log: RawLog, time: number): ChainEvent | undefined {
  const decoded = abi.event(log);
  if (!decoded || !isEventName(decoded.name)) return undefined;
  return chainEvent(decoded.name, byName(decoded.values), {
    transaction: log.transactionHash,
    block: Number(log.blockNumber),
    blockHash: log.blockHash,
    time,
    logIndex: Number(log.logIndex),
  });
}

/** Lets the page draw and answer. */
function pause(): Promise<void> {
  return new Promise((done) => setTimeout(done));
}
