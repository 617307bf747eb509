import { expect } from "chai";
import { loadInterfaces } from "../../../coordinator/adapters/chain/artifacts.ts";
import type { ChainConnection } from "../../../coordinator/adapters/chain/connection.ts";
import { createLogReader } from "../../../coordinator/adapters/chain/logs.ts";
import { isQuorateError, QuorateError } from "../../../coordinator/protocol/errors.ts";
import type { ChainEvent } from "../../../coordinator/protocol/views/events.ts";
import { address, word } from "../../protocol/views/events.ts";

const POT = address(4);

interface Node {
  readonly connection: ChainConnection;
  /** Ranges that were answered, and hashes of blocks that were asked for their time. */
  readonly ranges: [from: number, to: number][];
  readonly blocks: string[];
}

/** A node with a deposit into the pot in every 100th block that answers at most `limit` blocks at once. */
function createNode(limit: number, options: { blockTimes?: boolean; code?: string } = {}): Node {
  const { blockTimes = true, code = "RPC_ERROR" } = options;
  const interfaces = loadInterfaces();
  const ranges: Node["ranges"] = [];
  const blocks: string[] = [];
  const send = async (_: string, [filter]: { fromBlock: string; toBlock: string; address: string[] }[]) => {
    const [from, to] = [Number(filter!.fromBlock), Number(filter!.toBlock)];
    if (to - from + 1 > limit) throw new QuorateError(code, `more than ${limit} blocks`);
    ranges.push([from, to]);
    const logs = [];
    for (let block = Math.ceil(from / 100) * 100; block <= to; block += 100)
      logs.push({
        address: POT,
        ...interfaces.RewardDistributor.encodeEventLog("Funded", [address(9), 1n, BigInt(block)]),
        blockNumber: `0x${block.toString(16)}`,
        blockHash: word(block),
        ...(blockTimes && { blockTimestamp: `0x${(block + 7).toString(16)}` }),
        transactionHash: word(block + 1),
        logIndex: "0x0",
      });
    return logs;
  };
  const getBlock = async (hash: string) => {
    blocks.push(hash);
    return { timestamp: Number(hash) + 7 };
  };
  const addresses = {
    RoundConsensus: address(1),
    MinerRegistry: address(2),
    ClientRegistry: address(3),
    RewardDistributor: POT,
    FaultProofs: address(77),
    CheckpointRegistry: address(78),
  };
  const guard = <T>(_: string, action: () => Promise<T>) => action();
  const connection = {
    provider: { send, getBlock },
    guard,
    addresses,
    interfaces,
  } as unknown as ChainConnection;
  return { connection, ranges, blocks };
}

async function readAll({ connection }: Node, from: number, to: number): Promise<ChainEvent[]> {
  const events: ChainEvent[] = [];
  for await (const some of createLogReader(connection).read(from, to)) events.push(...some);
  return events;
}

describe("chain adapter: logs", () => {
  it("reads every block once, in ranges the node accepts", async () => {
    for (const limit of [1_000_000, 9_000, 1_000, 20]) {
      const node = createNode(limit);
      const events = await readAll(node, 50, 20_049);
      expect(events).to.have.length(200);
      expect(events.map(({ block }) => block)).to.deep.equal(
        Array.from({ length: 200 }, (_, k) => 100 * (k + 1)),
      );
      expect(node.ranges[0]![0]).to.equal(50);
      for (const [k, [from]] of node.ranges.slice(1).entries()) expect(from).to.equal(node.ranges[k]![1] + 1);
      expect(node.ranges.at(-1)![1]).to.equal(20_049);
      expect(node.ranges.length).to.be.at.most(Math.ceil(20_000 / Math.max(16, limit / 2)) + 1);
    }
  });

  it("gives up on a node that refuses the smallest range, and on one that is down", async () => {
    for (const [limit, code] of [
      [1, "RPC_ERROR"],
      [1, "RPC_UNREACHABLE"],
    ] as const) {
      const error = await readAll(createNode(limit, { code }), 0, 1_000).catch((e: unknown) => e);
      expect(isQuorateError(error, code)).to.equal(true);
    }
  });

  it("takes the time from the log, or asks once for each block", async () => {
    const [modern, old] = [createNode(1_000_000), createNode(1_000_000, { blockTimes: false })];
    const times = (await readAll(modern, 0, 1_000)).map(({ time }) => time);
    expect(times).to.deep.equal(Array.from({ length: 11 }, (_, k) => 100 * k + 7));
    expect(modern.blocks).to.deep.equal([]);
    expect((await readAll(old, 0, 1_000)).map(({ time }) => time)).to.deep.equal(times);
    expect(old.blocks).to.have.length(11);
  });
});
