import type { Journal, SignedEntry } from "../../ports/journal.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { isHeld, roundOfSlot } from "./slots.ts";

/** A journal that lasts as long as the process: for tests and for audits, which sign nothing. */
export function createMemoryJournal(): Journal {
  const bySlot = new Map<string, SignedEntry>();
  let open = true;
  return {
    signed: (slot) => bySlot.get(slot),
    async append(entry) {
      if (!open) throw new QuorateError("JOURNAL_UNWRITABLE", "the journal is closed");
      if (isHeld(bySlot.get(entry.slot)?.digest, entry)) return;
      bySlot.set(entry.slot, structuredClone(entry));
    },
    isEmpty: () => bySlot.size === 0,
    entriesOf: (round) => [...bySlot.values()].filter(({ slot }) => roundOfSlot(slot) === String(round)),
    async close() {
      open = false;
    },
  };
}
