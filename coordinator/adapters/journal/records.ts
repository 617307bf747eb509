import { createHash } from "node:crypto";
import type { SignedEntry } from "../../ports/journal.ts";
import { QuorateError } from "../../protocol/errors.ts";

/** First line of every journal. */
const HEADER = '{"format":"quorate-journal","version":1}';

/** Hexadecimal digits of a checksum: 64 bits, enough against accidents; a journal has no adversary on its own disk. */
const CHECKSUM_DIGITS = 16;

/** Checksums are chained, so that a lost or swapped line is noticed too. */
function checksum(previous: string, json: string): string {
  return createHash("sha256").update(previous).update(json).digest("hex").slice(0, CHECKSUM_DIGITS);
}

/** A line: checksum, space, JSON, newline. Returns it with the checksum that the next one continues. */
export function encodeRecord(previous: string, json: string): { line: string; sum: string } {
  const sum = checksum(previous, json);
  return { line: `${sum} ${json}\n`, sum };
}

export function encodeHeader(): { line: string; sum: string } {
  return encodeRecord("", HEADER);
}

export interface JournalContent {
  readonly entries: SignedEntry[];
  /** Checksum that the next record continues; undefined if not even the header is whole. */
  readonly sum: string | undefined;
  /** Bytes up to the end of the last whole record; what follows is a torn write. */
  readonly length: number;
}

/**
 * Reads a journal. A last line without its newline is a write that the power cut: it was never acknowledged, so no
 * signature left, and it is dropped. Anything else that does not add up is damage.
 * @throws QuorateError JOURNAL_CORRUPT
 */
export function decodeJournal(bytes: Buffer, file: string): JournalContent {
  const end = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, end).toString("utf8").split("\n").slice(0, -1);
  const entries: SignedEntry[] = [];
  let sum: string | undefined;
  for (const [index, line] of lines.entries()) {
    const json = line.slice(CHECKSUM_DIGITS + 1);
    const expected = checksum(sum ?? "", json);
    if (!line.startsWith(`${expected} `)) throw corrupt(file, index + 1, "its checksum is wrong");
    if (index === 0 && json !== HEADER) throw corrupt(file, 1, "it is not a header this version knows");
    if (index > 0) entries.push(JSON.parse(json) as SignedEntry);
    sum = expected;
  }
  return { entries, sum, length: end };
}

function corrupt(file: string, line: number, why: string): QuorateError {
  return new QuorateError(
    "JOURNAL_CORRUPT",
    `line ${line} of ${file} is damaged (${why}). What this key signed is not known for certain, and signing again ` +
      "could be slashed: restore the file from a copy, or register a new voting key and start with an empty folder",
    { file, line },
  );
}
