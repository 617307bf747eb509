import type { BlockTime } from "../../ports/chain.ts";
import type { ChainHistory } from "../../ports/chain-history.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { ChainConnection } from "./connection.ts";
import { createFollower, type Follower } from "./follower.ts";
import { createLogReader } from "./logs.ts";

/** Rounds that `keepRounds` can't go below: the best recent score looks back eight. */
const FEWEST_ROUNDS = 16;
/** Whoever asks for one old round mostly asks for more: the complete history is held for so long after its last use. */
const COMPLETE_HELD_MS = 60_000;

export type Views = Pick<ChainHistory, "recentView" | "view">;

/** The complete view, and one of the newest `keep` rounds that is followed all the time. */
export function createViews(connection: ChainConnection, keep = Number.POSITIVE_INFINITY): Views {
  const { deployBlock } = connection;
  const logs = createLogReader(connection);
  const blockHash = (block: number) => hashOfBlock(connection, block);
  const followerOf = (keepRounds: number) => createFollower({ logs, blockHash, deployBlock, keepRounds });
  const recent = followerOf(Math.max(FEWEST_ROUNDS, keep));
  const createComplete = () =>
    keep === Number.POSITIVE_INFINITY ? recent : followerOf(Number.POSITIVE_INFINITY);
  let complete: Follower | undefined;
  let release: NodeJS.Timeout | undefined;
  return {
    recentView: async () => recent.view(await latestBlock(connection)),
    async view() {
      complete ??= createComplete();
      clearTimeout(release);
      release = setTimeout(() => {
        complete = undefined;
      }, COMPLETE_HELD_MS).unref();
      return complete.view(await latestBlock(connection));
    },
  };
}

/** The newest block. */
export async function latestBlock({ provider, guard }: ChainConnection): Promise<BlockTime> {
  const block = await guard("eth_getBlockByNumber", () => provider.getBlock("latest"));
  if (!block?.hash) throw new QuorateError("RPC_ERROR", "the node has no latest block", {});
  return { number: block.number, hash: block.hash as Hex, timestamp: block.timestamp };
}

/** undefined if there is no such block. */
export async function hashOfBlock(
  { provider, guard }: ChainConnection,
  block: number,
): Promise<Hex | undefined> {
  const found = await guard("eth_getBlockByNumber", () => provider.getBlock(block));
  return (found?.hash ?? undefined) as Hex | undefined;
}
