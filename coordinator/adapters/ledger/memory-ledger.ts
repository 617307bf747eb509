import type { GasLedger, SentTransaction } from "../../ports/ledger.ts";
import type { LedgerRow } from "../../protocol/ledger/row.ts";

/** A gas ledger that lives as long as its process. */
export function createMemoryLedger(): GasLedger {
  const pending = new Map<string, SentTransaction>();
  const rows = new Map<string, LedgerRow>();
  return {
    async sent(transaction) {
      const key = transaction.hash.toLowerCase();
      if (!rows.has(key) && !pending.has(key)) pending.set(key, transaction);
    },
    async mined(row) {
      const key = row.hash.toLowerCase();
      pending.delete(key);
      if (!rows.has(key)) rows.set(key, row);
    },
    async dropped(hash) {
      pending.delete(hash.toLowerCase());
    },
    pending: () => [...pending.values()],
    rows: () => [...rows.values()],
    async close() {},
  };
}
