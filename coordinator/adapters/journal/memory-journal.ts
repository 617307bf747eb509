import type { Journal, SignedEntry } from "../../ports/journal.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { isHeld } from "./slots.ts";

/** A journal that lasts as long as the process: for tests and for audits, which sign nothing. */
export function createMemoryJournal(): Journal {
  const bySlot = new Map<string, SignedEntry>();
  let open = true;
  return {
    signed: (slot) => bySlot.get(slot),
    async append(entry) {
      if (!open) throw new QuorateError("JOURNAL_UNWRITABLE", "the journal is closed");
      if (isHeld(bySlot.get(entry.slot), entry)) return;
      bySlot.set(entry.slot, structuredClone(entry));
    },
    entries: () => [...bySlot.values()],
    async close() {
      open = false;
    },
  };
}
