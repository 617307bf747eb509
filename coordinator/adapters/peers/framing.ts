/** Bytes of a fragment at most: how long an urgent frame waits for the bulk one under way. */
const FRAGMENT_BYTES = 64 * 1_024;
/** A header is 32 bits, big-endian: bulk, last of its frame, and the length. */
const BULK = 0x8000_0000;
const LAST = 0x4000_0000;
const LENGTH = 0x3fff_ffff;
const HEAD_BYTES = 4;

export type Priority = "urgent" | "bulk";

interface Queue {
  frames: Uint8Array[];
  /** Index of the frame under way, and how much of it is taken. */
  next: number;
  at: number;
  bytes: number;
}

interface Fragment {
  readonly head: number;
  readonly body: Uint8Array;
}

/** Frames done with that a queue still holds before it is made shorter: to take each out of a long array is slow. */
const DONE = 256;

/** The two queues of one peer; frames are cut into fragments, and urgent ones go first. */
export class Outbox {
  private readonly queues: Record<Priority, Queue> = {
    urgent: { frames: [], next: 0, at: 0, bytes: 0 },
    bulk: { frames: [], next: 0, at: 0, bytes: 0 },
  };
  private readonly limit: number;

  /** `limit`: bytes of frames waiting, per queue. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** False if the queue is full. */
  push(frame: Uint8Array, priority: Priority): boolean {
    const queue = this.queues[priority];
    if (queue.frames.length > queue.next && queue.bytes + frame.length > this.limit) return false;
    queue.frames.push(frame);
    queue.bytes += frame.length;
    return true;
  }

  /** Fragments of about `most` bytes together, to be written at once; undefined if nothing waits. */
  take(most: number): Buffer | undefined {
    const parts: Fragment[] = [];
    let length = 0;
    while (length < most) {
      const part = this.next("urgent") ?? this.next("bulk");
      if (!part) break;
      parts.push(part);
      length += HEAD_BYTES + part.body.length;
    }
    if (parts.length === 0) return undefined;
    const bytes = Buffer.allocUnsafe(length);
    let at = 0;
    for (const { head, body } of parts) {
      bytes.set(body, bytes.writeUInt32BE(head, at));
      at += HEAD_BYTES + body.length;
    }
    return bytes;
  }

  private next(priority: Priority): Fragment | undefined {
    const queue = this.queues[priority];
    const frame = queue.frames[queue.next];
    if (!frame) return undefined;
    const body = frame.subarray(queue.at, queue.at + FRAGMENT_BYTES);
    queue.at += body.length;
    const last = queue.at === frame.length;
    if (last) {
      queue.next++;
      queue.bytes -= frame.length;
      queue.at = 0;
      if (queue.next >= DONE || queue.next === queue.frames.length) {
        queue.frames.splice(0, queue.next);
        queue.next = 0;
      }
    }
    return { head: ((priority === "bulk" ? BULK : 0) + (last ? LAST : 0) + body.length) >>> 0, body };
  }
}

/** Puts fragments together again. All but the last of a frame are full, so that no peer can make it of a million pieces. */
export class Inbox {
  private readonly open: Record<Priority, { parts: Uint8Array[]; bytes: number }> = {
    urgent: { parts: [], bytes: 0 },
    bulk: { parts: [], bytes: 0 },
  };
  /** The header under way, then the fragment it announces, and how much of either is here. */
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private body: Uint8Array | undefined;
  private filled = 0;
  private readonly maxFrame: number;
  private readonly maxOpen: number;

  /** Bytes of a frame at most, and of what is here of the two that are under way, one of each priority. */
  constructor(maxFrame: number, maxOpen = 2 * maxFrame) {
    this.maxFrame = maxFrame;
    this.maxOpen = maxOpen;
  }

  /** The frames that are whole with these bytes; undefined if the peer breaks the format, and is to be cut off. */
  push(bytes: Buffer): Uint8Array[] | undefined {
    const frames: Uint8Array[] = [];
    for (let at = 0; ; ) {
      const target = this.body ?? this.head;
      const count = Math.min(target.length - this.filled, bytes.length - at);
      target.set(bytes.subarray(at, at + count), this.filled);
      at += count;
      this.filled += count;
      if (this.filled < target.length) return frames;
      this.filled = 0;
      if (this.body) {
        const frame = this.end(this.body);
        if (frame) frames.push(frame);
      } else if (!this.begin()) return undefined;
    }
  }

  /** False if the header announces what may not be. */
  private begin(): boolean {
    const head = this.head.readUInt32BE();
    const length = (head & LENGTH) >>> 0;
    if (length > FRAGMENT_BYTES || (!(head & LAST) && length < FRAGMENT_BYTES)) return false;
    const open = this.open.urgent.bytes + this.open.bulk.bytes;
    if (this.queue.bytes + length > this.maxFrame || open + length > this.maxOpen) return false;
    this.body = new Uint8Array(length);
    return true;
  }

  /** The frame that a fragment completes, if it does. */
  private end(body: Uint8Array): Uint8Array | undefined {
    const { queue } = this;
    this.body = undefined;
    queue.parts.push(body);
    queue.bytes += body.length;
    if (!(this.head.readUInt32BE() & LAST)) return undefined;
    const [first, ...more] = queue.parts.splice(0);
    const frame = more.length === 0 ? first! : joined([first!, ...more], queue.bytes);
    queue.bytes = 0;
    return frame;
  }

  private get queue() {
    return this.open[this.head.readUInt32BE() >= BULK ? "bulk" : "urgent"];
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const frame = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    frame.set(part, at);
    at += part.length;
  }
  return frame;
}
