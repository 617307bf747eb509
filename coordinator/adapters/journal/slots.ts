import type { SignedEntry } from "../../ports/journal.ts";
import { type Hex, sameHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";

/**
 * True if the slot already holds this very message, by the digest that is held, so that nothing needs to be written.
 * @throws QuorateError DOUBLE_SIGNATURE if it holds another
 */
export function isHeld(held: Hex | undefined, entry: SignedEntry): boolean {
  if (!held) return false;
  if (sameHex(held, entry.digest)) return true;
  throw new QuorateError(
    "DOUBLE_SIGNATURE",
    `slot ${entry.slot} holds a signature of ${held}: signing ${entry.digest} too would be slashable`,
    { slot: entry.slot, held, refused: entry.digest },
  );
}

/** What stands before a slot's first colon: the number of its round. */
export function roundOfSlot(slot: string): string {
  return slot.slice(0, Math.max(0, slot.indexOf(":")));
}
