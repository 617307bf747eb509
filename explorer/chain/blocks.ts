import type { Federation } from "./federation.ts";
import { quantity } from "./rpc.ts";
import type { RawBlock, RawTransaction } from "./types.ts";

/** Blocks `from` down to `from − count + 1`, as far as they exist. */
export async function readBlocks({ rpc }: Federation, from: number, count: number): Promise<RawBlock[]> {
  const numbers = Array.from({ length: Math.min(count, from + 1) }, (_, i) => from - i);
  const blocks = await Promise.all(
    numbers.map((number) => rpc<RawBlock | null>("eth_getBlockByNumber", quantity(number), false)),
  );
  return blocks.filter((block) => block !== null);
}

/** A block with its transactions, by number or hash; null if the chain has none. */
export function readBlock({ rpc }: Federation, key: string): Promise<RawBlock | null> {
  if (/^0x[0-9a-f]{64}$/i.test(key)) return rpc("eth_getBlockByHash", key, true);
  if (/^\d{1,15}$/.test(key)) return rpc("eth_getBlockByNumber", quantity(BigInt(key)), true);
  return Promise.resolve(null);
}

/** Transactions from or to an account in the blocks from `from` down; nodes have no index of them. */
export async function findTransactions(
  { rpc }: Federation,
  account: string,
  blocks: { readonly from: number; readonly count: number },
): Promise<RawTransaction[]> {
  const numbers = Array.from({ length: Math.min(blocks.count, blocks.from + 1) }, (_, i) => blocks.from - i);
  const found = await Promise.all(
    numbers.map((number) => rpc<RawBlock | null>("eth_getBlockByNumber", quantity(number), true)),
  );
  const wanted = account.toLowerCase();
  const mine = ({ from, to }: RawTransaction) =>
    from.toLowerCase() === wanted || to?.toLowerCase() === wanted;
  return found.flatMap((block) => transactionsOf(block).filter(mine));
}

/** Transactions of a block that was asked for with them, newest first. */
export function transactionsOf(block: RawBlock | null): RawTransaction[] {
  const all = block?.transactions ?? [];
  return all.filter((one): one is RawTransaction => typeof one !== "string").toReversed();
}
