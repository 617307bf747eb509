import { createHash } from "node:crypto";
import type { SignedEntry } from "../../ports/journal.ts";
import { QuorateError } from "../../protocol/errors.ts";

/** First line of every journal. */
const HEADER = '{"format":"quorate-journal","version":1}';

const NEWLINE = 0x0a;

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

/** An entry, and where its JSON stands in the file. */
export interface JournalRecord {
  readonly entry: SignedEntry;
  readonly at: number;
  readonly length: number;
}

/**
 * Reads a journal piece by piece: it may be longer than a string, or a buffer, can be. A last line without its newline is a
 * write that the power cut: it was never acknowledged, so no signature left, and it is dropped. Anything else that does
 * not add up is damage.
 */
export class JournalDecoder {
  private readonly file: string;
  private readonly record: (record: JournalRecord) => void;
  private rest: Buffer[] = [];
  private lines = 0;
  /** Checksum that the next record continues; undefined if not even the header is whole. */
  sum: string | undefined;
  /** Bytes up to the end of the last whole record; what follows is a torn write. */
  length = 0;

  /** @param file for messages; @param record is told of every entry, oldest first */
  constructor(file: string, record: (record: JournalRecord) => void) {
    this.file = file;
    this.record = record;
  }

  /** Takes the next bytes of the file. @throws QuorateError JOURNAL_CORRUPT */
  push(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      this.take(Buffer.concat([...this.rest, bytes.subarray(from, end)]));
      this.rest = [];
      from = end + 1;
    }
    // A copy: who reads the file goes on with the same buffer.
    if (from < bytes.length) this.rest.push(Buffer.from(bytes.subarray(from)));
  }

  private take(line: Buffer): void {
    const { file } = this;
    const start = CHECKSUM_DIGITS + 1;
    const json = line.toString("utf8", start);
    const expected = checksum(this.sum ?? "", json);
    const number = ++this.lines;
    if (line.toString("utf8", 0, start) !== `${expected} `)
      throw corrupt(file, number, "its checksum is wrong");
    if (number === 1 && json !== HEADER) throw corrupt(file, 1, "it is not a header this version knows");
    const at = this.length + start;
    if (number > 1) this.record({ entry: JSON.parse(json) as SignedEntry, at, length: line.length - start });
    this.sum = expected;
    this.length += line.length + 1;
  }
}

function corrupt(file: string, line: number, why: string): QuorateError {
  return new QuorateError(
    "JOURNAL_CORRUPT",
    `line ${line} of ${file} is damaged (${why}). What this key signed is not known for certain, and signing again ` +
      "could be slashed: restore the file from a copy, or register a new voting key and start with an empty folder",
    { file, line },
  );
}
