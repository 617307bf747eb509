import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { ReplicaLog } from "../../ports/replica-log.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { assertFits, corrupt, decode, MAGIC, seal, withHead } from "./records.ts";

/** A file is closed for a new one above this. */
const SEGMENT_BYTES = 64 * 1024 * 1024;
const NAME = /^(\d{8})-(\d{8})\.log$/;

interface Segment {
  readonly generation: number;
  readonly index: number;
}

const fileOf = (folder: string, { generation, index }: Segment): string =>
  join(folder, `${String(generation).padStart(8, "0")}-${String(index).padStart(8, "0")}.log`);

/** What a segment begins with: the format, and the checksum that its first record continues. */
function headOf(sum: number): Buffer {
  const head = Buffer.alloc(MAGIC.length + 4);
  MAGIC.copy(head);
  head.writeUInt32LE(sum, MAGIC.length);
  return head;
}

/** Writes chunks one behind the other. */
async function writeAll(handle: FileHandle, chunks: readonly Buffer[], position: number): Promise<void> {
  const rest = [...chunks];
  for (let at = position; rest.length > 0; ) {
    let { bytesWritten } = await handle.writev(rest, at);
    at += bytesWritten;
    const whole = rest.findIndex((chunk) => {
      const written = chunk.length <= bytesWritten;
      if (written) bytesWritten -= chunk.length;
      return !written;
    });
    rest.splice(0, whole < 0 ? rest.length : whole);
    if (whole >= 0) rest[0] = rest[0]!.subarray(bytesWritten);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

/** Writes a whole file under another name first: it is there complete or not at all. */
async function create(folder: string, segment: Segment, chunks: readonly Buffer[]): Promise<FileHandle> {
  const file = fileOf(folder, segment);
  const handle = await open(`${file}.new`, "w", 0o600);
  try {
    await writeAll(handle, chunks, 0);
    await handle.sync();
    await rename(`${file}.new`, file);
    await syncFolder(folder);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The segments of the newest generation in order; leftovers of an interrupted change are removed. */
async function listSegments(folder: string): Promise<Segment[]> {
  const names = await readdir(folder);
  const all = names.flatMap((name): Segment[] => {
    const match = NAME.exec(name);
    return match ? [{ generation: Number(match[1]), index: Number(match[2]) }] : [];
  });
  const newest = Math.max(0, ...all.map(({ generation }) => generation));
  for (const name of names) if (name.endsWith(".log.new")) await unlink(join(folder, name));
  for (const old of all) if (old.generation < newest) await unlink(fileOf(folder, old));
  const kept = all.filter(({ generation }) => generation === newest).sort((a, b) => a.index - b.index);
  const gap = kept.find(({ index }, i) => index !== i);
  if (gap) throw corrupt(fileOf(folder, gap), 0);
  return kept;
}

/** Reads a segment record by record; the value at the end is where it ends and its last checksum. */
async function* readSegment(file: string, sum: number, last: boolean) {
  const bytes = await readFile(file);
  const head = headOf(sum);
  if (!bytes.subarray(0, head.length).equals(head)) throw corrupt(file, 0);
  let tail = { end: head.length, sum };
  while (tail.end < bytes.length) {
    const next = decode(bytes, tail.end, tail.sum, file);
    if (!next && !last) throw corrupt(file, tail.end);
    if (!next) break;
    yield next.record;
    tail = next;
  }
  return tail;
}

/**
 * Opens the log in `folder`, of files with checked, chained records. The caller sees to it that one process alone uses the
 * folder. A torn last record is cut off.
 * @throws QuorateError LOG_CORRUPT
 */
export async function openFileLog(folder: string, segmentBytes = SEGMENT_BYTES): Promise<ReplicaLog> {
  await mkdir(folder, { recursive: true });
  const log = new FileLog(folder, segmentBytes);
  await log.open();
  return log;
}

class FileLog implements ReplicaLog {
  private readonly folder: string;
  private readonly segmentBytes: number;
  private segments: Segment[] = [];
  private handle!: FileHandle;
  private tail = { end: 0, sum: 0 };
  private pending: Buffer[] = [];
  private queue: Promise<void> = Promise.resolve();
  private scheduled: Promise<void> | undefined;
  private failed: unknown;
  private closed = false;

  constructor(folder: string, segmentBytes: number) {
    this.folder = folder;
    this.segmentBytes = segmentBytes;
  }

  async open(): Promise<void> {
    this.segments = await listSegments(this.folder);
    if (this.segments.length === 0) return this.begin({ generation: 1, index: 0 }, []);
    for await (const _ of this.walk());
    this.handle = await open(fileOf(this.folder, this.segments.at(-1)!), "r+");
    await this.handle.truncate(this.tail.end);
    await this.handle.sync();
  }

  append(record: Uint8Array): void {
    this.assertUsable();
    assertFits(record);
    this.pending.push(withHead(record));
  }

  flush(): Promise<void> {
    // A flush that waits behind the running one takes all that is pending when its turn comes.
    this.scheduled ??= this.enqueue(async () => {
      this.scheduled = undefined;
      await this.write();
    });
    return this.scheduled;
  }

  async *read(): AsyncIterable<Uint8Array> {
    yield* this.walk();
  }

  replace(records: Iterable<Uint8Array>): Promise<void> {
    const copies = Array.from(records, (record) => {
      assertFits(record);
      return withHead(record);
    });
    this.pending = [];
    return this.enqueue(async () => {
      const old = this.segments;
      const previous = this.handle;
      await this.begin({ generation: old.at(-1)!.generation + 1, index: 0 }, copies);
      await previous.close();
      for (const segment of old) await unlink(fileOf(this.folder, segment));
    });
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.queue;
    await this.handle.close();
  }

  private async *walk(): AsyncGenerator<Uint8Array> {
    let tail = { end: 0, sum: 0 };
    for (const segment of this.segments)
      tail = yield* readSegment(fileOf(this.folder, segment), tail.sum, segment === this.segments.at(-1));
    this.tail = tail;
  }

  private async begin(segment: Segment, records: readonly Buffer[]): Promise<void> {
    const start = segment.index === 0 ? 0 : this.tail.sum;
    const { length, sum } = seal(records, start);
    const head = headOf(start);
    this.handle = await create(this.folder, segment, [head, ...records]);
    this.segments = segment.index === 0 ? [segment] : [...this.segments, segment];
    this.tail = { end: head.length + length, sum };
  }

  private async write(): Promise<void> {
    const records = this.pending.splice(0);
    if (records.length === 0) return;
    if (this.tail.end >= this.segmentBytes) {
      const full = this.segments.at(-1)!;
      await this.handle.close();
      await this.begin({ generation: full.generation, index: full.index + 1 }, []);
    }
    const { length, sum } = seal(records, this.tail.sum);
    await writeAll(this.handle, records, this.tail.end);
    await this.handle.datasync();
    this.tail = { end: this.tail.end + length, sum };
  }

  private async enqueue(work: () => Promise<void>): Promise<void> {
    this.assertUsable();
    const result = this.queue.then(async () => {
      this.assertUsable(true);
      await work();
    });
    this.queue = result.catch(async (error: unknown) => {
      // After a failed write the kernel may have dropped the pages: only a restart knows what is durable.
      if (this.failed === undefined) await this.handle.truncate(this.tail.end).catch(() => {});
      this.failed ??= error;
    });
    await result.catch((error: unknown) => {
      throw error instanceof QuorateError ? error : this.unwritable(error);
    });
  }

  private assertUsable(finishing = false): void {
    if (this.failed !== undefined) throw this.unwritable(this.failed);
    if (this.closed && !finishing) throw new QuorateError("LOG_CLOSED", "the log is closed: open it again");
  }

  private unwritable(cause: unknown): QuorateError {
    return new QuorateError(
      "LOG_UNWRITABLE",
      `${this.folder} cannot be written (${(cause as Error).message}): nothing that depends on it is sent; free the disk ` +
        "and restart the replica",
      { folder: this.folder },
      { cause },
    );
  }
}
