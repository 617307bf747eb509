import type { SignedEntry } from "../../ports/journal.ts";
import { sameHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";

/**
 * True if the slot already holds this very message, so that nothing needs to be written.
 * @throws QuorateError DOUBLE_SIGNATURE if it holds another
 */
export function isHeld(held: SignedEntry | undefined, entry: SignedEntry): boolean {
  if (!held) return false;
  if (sameHex(held.digest, entry.digest)) return true;
  throw new QuorateError(
    "DOUBLE_SIGNATURE",
    `slot ${entry.slot} holds a signature of ${held.digest}: signing ${entry.digest} too would be slashable`,
    { slot: entry.slot, held: held.digest, refused: entry.digest },
  );
}
