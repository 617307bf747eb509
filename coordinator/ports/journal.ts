import type { Hex } from "../protocol/bytes.ts";
import type { MessageKind } from "../protocol/round/messages.ts";

/**
 * What a node must remember about its own signatures: written and flushed before a signature leaves the process, so
 * that a restarted node never signs a second, different message for the same slot.
 */
export interface SignedEntry {
  /** "Silence" is no message: a promise to sign nothing in a round, see protocol/round/silence.ts. */
  readonly kind: MessageKind | "Silence";
  /** What may be signed once only, e.g. "12:0xopening…:Vote:0xcandidate…". */
  readonly slot: string;
  readonly digest: Hex;
  /** 64-byte compact signature. */
  readonly signature: Hex;
  /** The message as JSON, integers as decimal strings. */
  readonly message: Readonly<Record<string, unknown>>;
  /** What else a restart needs, as JSON: a receipt carries the signed update it acknowledges. */
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface Journal {
  /** The entry of a slot, if something was signed for it. */
  signed(slot: string): SignedEntry | undefined;
  /**
   * Appends an entry and flushes it to disk.
   * @throws QuorateError DOUBLE_SIGNATURE if the slot holds another digest; JOURNAL_UNWRITABLE
   */
  append(entry: SignedEntry): Promise<void>;
  /** True until something is appended. */
  isEmpty(): boolean;
  /** The entries of a round, oldest first: those whose slots begin with its number and a colon. */
  entriesOf(round: bigint): readonly SignedEntry[];
  close(): Promise<void>;
}
