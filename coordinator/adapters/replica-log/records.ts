import { crc32 } from "node:zlib";
import { QuorateError } from "../../protocol/errors.ts";

/** A record: length (4 bytes), checksum of payload (4), checksum of these 8 bytes (4), payload. Little-endian. */
const HEAD_BYTES = 12;
/** The largest record: a block of 8 MiB with its certificates, with room. */
const MAX_RECORD_BYTES = 16 * 1024 * 1024;
/** First bytes of a log; the last digit is the version of the format. */
export const MAGIC: Buffer = Buffer.from("QUORLOG1");

/** @throws QuorateError LOG_RECORD_TOO_LARGE */
export function assertFits(record: Uint8Array): void {
  if (record.length <= MAX_RECORD_BYTES) return;
  throw new QuorateError(
    "LOG_RECORD_TOO_LARGE",
    `a record of ${record.length} bytes is above ${MAX_RECORD_BYTES}: split it`,
    { length: record.length, limit: MAX_RECORD_BYTES },
  );
}

/** A copy of a record, with room for its head: to be sealed when it is written. */
export function withHead(record: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + record.length);
  bytes.set(record, HEAD_BYTES);
  return bytes;
}

/** Fills in the heads of records in their order. Checksums are chained from `sum`, so that a lost or swapped one is noticed. */
export function seal(records: readonly Buffer[], sum: number): { length: number; sum: number } {
  let next = sum;
  let length = 0;
  for (const bytes of records) {
    next = crc32(bytes.subarray(HEAD_BYTES), next);
    bytes.writeUInt32LE(bytes.length - HEAD_BYTES, 0);
    bytes.writeUInt32LE(next, 4);
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
    length += bytes.length;
  }
  return { length, sum: next };
}

/**
 * Decodes one record at `at`; undefined if the bytes end before it does: a write that the power cut.
 * @throws QuorateError LOG_CORRUPT
 */
export function decode(
  bytes: Buffer,
  at: number,
  sum: number,
  file: string,
): { record: Buffer; sum: number; end: number } | undefined {
  if (bytes.length - at < HEAD_BYTES) return undefined;
  // The head has its own checksum: a flipped bit in a length must not look like a torn tail.
  if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32LE(at + 8)) throw corrupt(file, at);
  const end = at + HEAD_BYTES + bytes.readUInt32LE(at);
  if (end > bytes.length) return undefined;
  const record = bytes.subarray(at + HEAD_BYTES, end);
  const next = crc32(record, sum);
  if (next !== bytes.readUInt32LE(at + 4)) throw corrupt(file, at);
  return { record, sum: next, end };
}

export function corrupt(file: string, at: number): QuorateError {
  return new QuorateError(
    "LOG_CORRUPT",
    `${file} is damaged at byte ${at}. What this replica signed is not known for certain: keep the file, start with an ` +
      "empty folder as a learner, and vote again from the next epoch",
    { file, at },
  );
}
