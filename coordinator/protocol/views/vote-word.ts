import { type Hex, ZERO_HASH } from "../bytes.ts";
import type { RoundRecord, VoteRecord } from "./federation-view.ts";

/** WAD per 1/10,000, the contract's unit of reputation. */
export const WAD_PER_STEP = 10n ** 14n;

/**
 * A word of `VotesCounted` (contracts/interfaces/IMinerRegistry.sol): miner (bits 96–255), candidate index (88–95),
 * support (80–87), confidence (64–79), reason (56–63), reputation of the miner from then on (0–15).
 */
export function voteOfWord(word: bigint, record: RoundRecord): VoteRecord {
  const index = Number((word >> 88n) & 0xffn);
  return {
    miner: minerOfWord(word, record),
    candidate: record.candidates[index]?.id ?? ZERO_HASH,
    support: ((word >> 80n) & 0xffn) === 1n,
    confidence: Number((word >> 64n) & 0xffffn),
    reason: Number((word >> 56n) & 0xffn),
  };
}

/** The miner of a word, written as the round's roster has it: with its checksum. */
export function minerOfWord(word: bigint, record: RoundRecord | undefined): Hex {
  const lower: Hex = `0x${(word >> 96n).toString(16).padStart(40, "0")}`;
  return record?.roster.find((seat) => seat.miner.toLowerCase() === lower)?.miner ?? lower;
}

/** Reputation as WAD. */
export function reputationOfWord(word: bigint): bigint {
  return (word & 0xffffn) * WAD_PER_STEP;
}
