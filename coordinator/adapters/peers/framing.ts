/** Bytes of a fragment at most: how long an urgent frame waits for the bulk one under way. */
const FRAGMENT_BYTES = 64 * 1_024;
/** A header is 32 bits, big-endian: bulk, last of its frame, and the length. */
const BULK = 0x8000_0000;
const LAST = 0x4000_0000;
const LENGTH = 0x3fff_ffff;

export type Priority = "urgent" | "bulk";

/** The two queues of one peer; frames are cut into fragments, and urgent ones go first. */
export class Outbox {
  private readonly queues: Record<Priority, { frames: Uint8Array[]; at: number; bytes: number }> = {
    urgent: { frames: [], at: 0, bytes: 0 },
    bulk: { frames: [], at: 0, bytes: 0 },
  };
  private readonly limit: number;

  /** `limit`: bytes of frames waiting, per queue. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** False if the queue is full. */
  push(frame: Uint8Array, priority: Priority): boolean {
    const queue = this.queues[priority];
    if (queue.frames.length > 0 && queue.bytes + frame.length > this.limit) return false;
    queue.frames.push(new Uint8Array(frame));
    queue.bytes += frame.length;
    return true;
  }

  /** Fragments of about `most` bytes together, to be written at once; undefined if nothing waits. */
  take(most: number): Buffer | undefined {
    const parts: Uint8Array[] = [];
    for (let bytes = 0; bytes < most; ) {
      const part = this.next("urgent") ?? this.next("bulk");
      if (!part) break;
      parts.push(...part);
      bytes += part[0].length + part[1].length;
    }
    return parts.length > 0 ? Buffer.concat(parts) : undefined;
  }

  private next(priority: Priority): [Uint8Array, Uint8Array] | undefined {
    const queue = this.queues[priority];
    const frame = queue.frames[0];
    if (!frame) return undefined;
    const body = frame.subarray(queue.at, queue.at + FRAGMENT_BYTES);
    queue.at += body.length;
    const last = queue.at === frame.length;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(((priority === "bulk" ? BULK : 0) + (last ? LAST : 0) + body.length) >>> 0);
    if (last) {
      queue.frames.shift();
      queue.bytes -= frame.length;
      queue.at = 0;
    }
    return [head, body];
  }
}

/** Puts fragments together again. */
export class Inbox {
  private readonly open: Record<Priority, Buffer[]> = { urgent: [], bulk: [] };
  private rest = Buffer.alloc(0);
  private readonly maxFrame: number;

  constructor(maxFrame: number) {
    this.maxFrame = maxFrame;
  }

  /** The frames that are whole with these bytes; undefined if the peer breaks the format, and is to be cut off. */
  push(bytes: Buffer): Uint8Array[] | undefined {
    const frames: Uint8Array[] = [];
    let data = this.rest.length > 0 ? Buffer.concat([this.rest, bytes]) : bytes;
    while (data.length >= 4) {
      const head = data.readUInt32BE();
      const length = (head & LENGTH) >>> 0;
      if (length > FRAGMENT_BYTES) return undefined;
      if (data.length < 4 + length) break;
      const parts = this.open[head >= BULK ? "bulk" : "urgent"];
      parts.push(data.subarray(4, 4 + length));
      if (parts.reduce((sum, part) => sum + part.length, 0) > this.maxFrame) return undefined;
      if (head & LAST) frames.push(new Uint8Array(Buffer.concat(parts.splice(0))));
      data = data.subarray(4 + length);
    }
    this.rest = Buffer.from(data);
    return frames;
  }
}
