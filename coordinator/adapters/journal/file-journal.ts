import { constants } from "node:fs";
import { access, type FileHandle, mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { Journal, SignedEntry } from "../../ports/journal.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { silenceEntry } from "../../protocol/round/silence.ts";
import { HeldEntries } from "./held-entries.ts";
import { takeLock } from "./lock.ts";
import { encodeHeader, encodeRecord, JournalDecoder } from "./records.ts";
import { isHeld } from "./slots.ts";

/** Bytes read at a time. */
const PIECE = 2 ** 20;

export interface FileJournalOptions {
  /** JSON of the newest entries that stays in memory, bytes. */
  readonly recentBytes?: number;
}

/**
 * Opens the journal of a node: `journal.log` in `folder`, append-only, one checked record per line, and
 * `journal.lock`, so that no second process uses it.
 * @throws QuorateError FOLDER_UNWRITABLE, JOURNAL_LOCKED, JOURNAL_CORRUPT
 */
export async function openFileJournal(folder: string, options: FileJournalOptions = {}): Promise<Journal> {
  await assertWritable(folder);
  const release = takeLock(join(folder, "journal.lock"));
  try {
    return await openLocked(folder, options, release);
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Starts the journal of a key that has signed nothing yet, where it is staked: a miner's node that finds none keeps silent
 * in the round that is open. A journal that is there is left as it is.
 */
export async function startJournal(folder: string): Promise<void> {
  const journal = await openFileJournal(folder);
  try {
    if (journal.isEmpty()) await journal.append(silenceEntry());
  } finally {
    await journal.close();
  }
}

async function openLocked(
  folder: string,
  { recentBytes }: FileJournalOptions,
  release: () => void,
): Promise<Journal> {
  const path = join(folder, "journal.log");
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const held = new HeldEntries({ fd: file.fd, path }, recentBytes);
  let tail: Tail;
  try {
    const content = await readAll(
      file,
      new JournalDecoder(path, ({ entry, ...place }) => held.add(entry, place)),
    );
    tail = await settleTail(file, content, folder);
  } catch (error) {
    await file.close();
    throw error;
  }
  let queue: Promise<unknown> = Promise.resolve();
  let unusable: string | undefined;
  let closed = false;

  const append = async (entry: SignedEntry): Promise<void> => {
    if (unusable) throw unwritable(path, unusable);
    if (isHeld(held.digestOf(entry.slot), entry)) return;
    const json = JSON.stringify(entry);
    const record = encodeRecord(tail.sum, json);
    const place = { at: tail.length + record.line.length - json.length - 1, length: Buffer.byteLength(json) };
    try {
      tail = await writeRecord(file, tail, record);
    } catch (error) {
      // A part of a line may stand there. If it can't be taken back, the file is left for the next start to settle.
      await file.truncate(tail.length).catch(() => {
        unusable = "an earlier write failed; restart the node once the disk is in order";
      });
      throw unwritable(path, (error as Error).message, error);
    }
    held.add(structuredClone(entry), place);
  };

  return {
    signed: (slot) => held.of(slot),
    append(entry) {
      // One at a time: the second of two entries for a slot must see the first.
      const result = queue.then(() => append(entry));
      queue = result.catch(() => {});
      return result;
    },
    isEmpty: () => held.size === 0,
    entriesOf: (round) => held.ofRound(round),
    async close() {
      if (closed) return;
      closed = true;
      await queue;
      unusable = "it is closed";
      await file.close();
      release();
    },
  };
}

async function readAll(file: FileHandle, decoder: JournalDecoder): Promise<JournalDecoder> {
  const piece = Buffer.alloc(PIECE);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return decoder;
    decoder.push(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** Where the next record goes, and which checksum it continues. */
interface Tail {
  readonly sum: string;
  readonly length: number;
}

/** Cuts off a torn write, and starts a new journal with its header. */
async function settleTail(
  file: FileHandle,
  content: { sum: string | undefined; length: number },
  folder: string,
): Promise<Tail> {
  await file.truncate(content.length);
  if (content.sum !== undefined) return { sum: content.sum, length: content.length };
  const header = encodeHeader();
  await file.write(header.line, 0);
  await file.sync();
  const directory = await open(folder, "r");
  try {
    // Without this the file itself may be gone after a power cut.
    await directory.sync();
  } finally {
    await directory.close();
  }
  return { sum: header.sum, length: header.line.length };
}

async function writeRecord(
  file: FileHandle,
  tail: Tail,
  record: { readonly line: string; readonly sum: string },
): Promise<Tail> {
  const bytes = Buffer.from(record.line);
  for (let at = 0; at < bytes.length; )
    at += (await file.write(bytes, at, bytes.length - at, tail.length + at)).bytesWritten;
  await file.datasync();
  return { sum: record.sum, length: tail.length + bytes.length };
}

async function assertWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new QuorateError(
      "FOLDER_UNWRITABLE",
      `cannot write to ${folder} (${(error as Error).message}); choose a folder this user may write to`,
      { folder },
      { cause: error },
    );
  }
}

function unwritable(path: string, why: string, cause?: unknown): QuorateError {
  return new QuorateError(
    "JOURNAL_UNWRITABLE",
    `${path} cannot be written (${why}): nothing is signed until it can`,
    { path },
    { cause },
  );
}
