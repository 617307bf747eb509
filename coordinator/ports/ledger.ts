import type { Hex } from "../protocol/bytes.ts";
import type { LedgerRow } from "../protocol/ledger/row.ts";

/** What is known of a transaction before it is mined. */
export type SentTransaction = Pick<
  LedgerRow,
  "hash" | "round" | "phase" | "actor" | "method" | "gasLimit"
> & {
  /** As it was signed: what a later process needs to send it again. Absent in ledgers of older versions. */
  readonly raw?: Hex;
};

/** Remembers every transaction a process sends, exactly once, failed ones too. */
export interface GasLedger {
  /** Notes a transaction before it leaves the process, so that a crash cannot hide it. Repeating it changes nothing. */
  sent(transaction: SentTransaction): Promise<void>;
  /** Records the mined transaction. A hash that is recorded already changes nothing. */
  mined(row: LedgerRow): Promise<void>;
  /** Forgets a sent transaction that can never be mined: another one took its nonce. */
  dropped(hash: Hex): Promise<void>;
  /** Sent, and neither mined nor dropped. */
  pending(): readonly SentTransaction[];
  /** Mined transactions, in the order they were recorded. */
  rows(): readonly LedgerRow[];
  close(): Promise<void>;
}
