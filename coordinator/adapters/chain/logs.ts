import type { Interface } from "ethers";
import type { Hex } from "../../protocol/bytes.ts";
import type { ChainEvent } from "../../protocol/views/events.ts";
import { chainEvent, isEventName } from "../../protocol/views/events.ts";
import { type ChainConnection, eventSources } from "./connection.ts";

/** A log as JSON-RPC gives it. ethers' own type drops the block time that newer nodes add. */
interface RawLog {
  readonly address: string;
  readonly topics: string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: Hex;
  readonly blockTimestamp?: string;
  readonly transactionHash: Hex;
  readonly logIndex: string;
}

/** Blocks per request at first; halved whenever a node refuses the range. */
const FIRST_CHUNK = 50_000;
/** Below this a refusal is no matter of the range. */
const SMALLEST_CHUNK = 16;
/** Block times that are remembered. */
const TIMES_KEPT = 2_000;
/** Requests under way at once for block times. */
const PARALLEL_READS = 8;

/** Reads a federation's events. */
export interface LogReader {
  /** Events of `from` … `to`, inclusive, in the order of the chain, in pieces that fit memory. */
  read(from: number, to: number): AsyncGenerator<ChainEvent[]>;
}

export function createLogReader(connection: ChainConnection): LogReader {
  const { provider, guard } = connection;
  const sources = eventSources(connection);
  const address = [...sources.keys()];
  const timeOf = createBlockTimes(connection);
  let chunk = FIRST_CHUNK;

  const decode = async (logs: readonly RawLog[]): Promise<ChainEvent[]> => {
    // One look-up a block, a few at a time; the events then find what these remembered.
    const blocks = [...new Map(logs.map((log) => [log.blockHash, log])).values()];
    for (let i = 0; i < blocks.length; i += PARALLEL_READS)
      await Promise.all(blocks.slice(i, i + PARALLEL_READS).map(timeOf));
    const events: ChainEvent[] = [];
    for (const log of logs) {
      const event = decodeLog(sources, log, await timeOf(log));
      if (event) events.push(event);
    }
    return events;
  };

  return {
    async *read(from, to) {
      for (let start = from; start <= to; ) {
        const end = Math.min(to, start + chunk - 1);
        try {
          const filter = { address, fromBlock: quantity(start), toBlock: quantity(end) };
          const logs: RawLog[] = await guard("eth_getLogs", () => provider.send("eth_getLogs", [filter]));
          yield await decode(logs);
          start = end + 1;
        } catch (error) {
          if ((error as { code?: string }).code !== "RPC_ERROR" || chunk <= SMALLEST_CHUNK) throw error;
          chunk = Math.max(SMALLEST_CHUNK, Math.floor(chunk / 2));
        }
      }
    },
  };
}

function decodeLog(
  sources: ReadonlyMap<string, Interface>,
  log: RawLog,
  time: number,
): ChainEvent | undefined {
  const parsed = sources.get(log.address.toLowerCase())?.parseLog(log);
  if (!parsed || !isEventName(parsed.name)) return undefined;
  const { inputs } = parsed.fragment;
  const values = Object.fromEntries(inputs.map((input, index) => [input.name, parsed.args[index]]));
  return chainEvent(parsed.name, values, {
    transaction: log.transactionHash,
    block: Number(log.blockNumber),
    blockHash: log.blockHash,
    time,
    logIndex: Number(log.logIndex),
  });
}

/** Time of a log's block, from the log itself or from its block, asked once. */
function createBlockTimes({ provider, guard }: ChainConnection): (log: RawLog) => Promise<number> {
  const times = new Map<string, number>();
  return async (log) => {
    if (log.blockTimestamp !== undefined) return Number(log.blockTimestamp);
    const known = times.get(log.blockHash);
    if (known !== undefined) return known;
    const block = await guard("eth_getBlockByHash", () => provider.getBlock(log.blockHash));
    const time = block?.timestamp ?? 0;
    if (times.size >= TIMES_KEPT) times.delete(times.keys().next().value!);
    times.set(log.blockHash, time);
    return time;
  };
}

function quantity(value: number): string {
  return `0x${value.toString(16)}`;
}
