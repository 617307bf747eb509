import { abiWords, type Hex, keccak } from "../bytes.ts";
import type { Seat } from "./federation-view.ts";

/** After this many blocks the EVM forgets a block's hash; an unfrozen seed then moves on by as many. */
const SEED_LIFETIME_BLOCKS = 256;

/** Bits of the seed block's hash that the contract keeps. */
const SEED_MASK = (1n << 64n) - 1n;

/** The seed a block's hash gives: its lowest 64 bits. */
export function seedOfBlockHash(blockHash: Hex): bigint {
  return BigInt(blockHash) & SEED_MASK;
}

/**
 * The block whose hash is the seed of a round nobody froze yet, if it were frozen in block `at`; null if that hash
 * cannot be known there.
 *
 * @param opened block of the opening
 */
export function seedBlock(opened: number, at: number): number | null {
  const block =
    opened + SEED_LIFETIME_BLOCKS * Math.floor(Math.max(0, at - opened - 1) / SEED_LIFETIME_BLOCKS);
  return at > block ? block : null;
}

/**
 * The drawn order of miners, rank 0 first, as contracts/libraries/ProposerDraw.sol draws it: rank t goes to the first
 * seat, among those not drawn yet, whose running weight exceeds keccak256(abi.encode(seed, t)) mod (weight left).
 *
 * @param roster in seat order
 */
export function drawOrder(seed: bigint, roster: readonly Seat[]): Hex[] {
  const left = roster.filter((seat) => seat.weight > 0n);
  const order: Hex[] = [];
  for (let rank = 0; left.length > 0; rank++) {
    const total = left.reduce((sum, seat) => sum + seat.weight, 0n);
    let point = BigInt(keccak(abiWords([seed, rank]))) % total;
    const index = left.findIndex((seat) => {
      if (point < seat.weight) return true;
      point -= seat.weight;
      return false;
    });
    order.push(left[index]!.miner);
    left.splice(index, 1);
  }
  return order;
}
