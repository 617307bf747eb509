import type { Hex } from "../bytes.ts";

/** Public block explorers by chain id; each knows /tx/, /address/ and /block/. */
const EXPLORERS: ReadonlyMap<bigint, string> = new Map([
  [1n, "https://etherscan.io"],
  [10n, "https://optimistic.etherscan.io"],
  [100n, "https://gnosisscan.io"],
  [137n, "https://polygonscan.com"],
  [8453n, "https://basescan.org"],
  [17000n, "https://holesky.etherscan.io"],
  [42161n, "https://arbiscan.io"],
  [84532n, "https://sepolia.basescan.org"],
  [421614n, "https://sepolia.arbiscan.io"],
  [560048n, "https://hoodi.etherscan.io"],
  [11155111n, "https://sepolia.etherscan.io"],
]);

/** What a public explorer has a page for. */
export type PublicPage = "tx" | "address" | "block";

/** The page of a transaction, account or block on the chain's public explorer; null for a chain that has none. */
export function publicLink(chainId: bigint, page: PublicPage, value: Hex | number): string | null {
  const explorer = EXPLORERS.get(chainId);
  return explorer === undefined ? null : `${explorer}/${page}/${value}`;
}
