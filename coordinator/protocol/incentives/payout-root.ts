import { concatBytes } from "@noble/hashes/utils.js";
import { abiWords, compareHex, fromHex, type Hex, keccak } from "../bytes.ts";
import type { PayoutRow } from "./payouts.ts";

/**
 * The payout root that a row and its proof lead to, as OpenZeppelin's MerkleProof computes it: leaf
 * keccak256(keccak256(abi.encode(client, cumulative))), pairs sorted.
 */
export function payoutRootOf(row: PayoutRow, proof: readonly Hex[]): Hex {
  const leaf = keccak(fromHex(keccak(abiWords([row.client as Hex, row.cumulative]))));
  return proof.reduce<Hex>((hash, sibling) => {
    const [low, high] = compareHex(hash, sibling) < 0 ? [hash, sibling] : [sibling, hash];
    return keccak(concatBytes(fromHex(low, 32), fromHex(high, 32)));
  }, leaf);
}
