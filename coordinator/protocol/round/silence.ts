import { type Hex, ZERO_HASH } from "../bytes.ts";

/** A round by number and opening. */
interface RoundName {
  readonly round: bigint;
  readonly openingHash: Hex;
}

const START = "start:silence";

/** Slot of the promise to sign nothing of its kind in a round; without one, of a journal that begins with its key. */
export function silenceSlot(round?: RoundName): string {
  return round ? `${round.round}:${round.openingHash}:silence`.toLowerCase() : START;
}

/**
 * First entry of a journal. One without any entry was lost or never made, and what its key signed is not known: unless it
 * is made together with the key's stake, it begins with silence in the round that is open.
 */
export function silenceEntry(round?: RoundName) {
  const kind = "Silence" as const;
  return { kind, slot: silenceSlot(round), digest: ZERO_HASH, signature: "0x" as Hex, message: {} };
}
