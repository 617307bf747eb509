import type { FrameHandler, PeerId } from "../../ports/peer-transport.ts";
import { Inbox, Outbox, type Priority } from "./framing.ts";

const QUEUE_BYTES = 64 * 2 ** 20;
const FRAME_BYTES = 16 * 2 ** 20;
/** The same of a stranger, of whom there may be many: its replies are short, and its frames one bundle of 8 MiB at most. */
const STRANGER_QUEUE_BYTES = 2 ** 20;
const STRANGER_FRAME_BYTES = 9 * 2 ** 20;
/** Bytes of one write. */
const WRITE_BYTES = 256 * 1_024;

export interface LinkLimits {
  /** Whoever is none of them is a stranger, with less room. */
  readonly peers: ReadonlyMap<PeerId, unknown>;
  /** Bytes waiting for one peer, per priority. */
  readonly queueBytes?: number;
  readonly maxFrameBytes?: number;
}

/** A stream of bytes to a peer whose identity is proven. */
export interface Channel {
  readonly gone: boolean;
  /** True if it takes more at once; else `drained` is called when it does. */
  write(bytes: Uint8Array, drained: () => void): boolean;
  close(): void;
}

/** What a channel tells of itself. */
export interface ChannelEnds {
  readonly received: (bytes: Buffer) => void;
  readonly closed: () => void;
}

interface Link {
  readonly channel: Channel;
  readonly outbox: Outbox;
  scheduled: boolean;
}

/** Frames over channels, one to a peer: queues, fragments, and what arrives whole again. */
export class Links {
  handler: FrameHandler | undefined;
  private readonly limits: LinkLimits;
  private readonly links = new Map<PeerId, Link>();

  constructor(limits: LinkLimits) {
    this.limits = limits;
  }

  has(id: PeerId): boolean {
    return this.links.has(id);
  }

  ids(): PeerId[] {
    return [...this.links.keys()];
  }

  send(to: PeerId, frame: Uint8Array, priority: Priority): boolean {
    const link = this.links.get(to);
    if (!link || frame.length > (this.limits.maxFrameBytes ?? FRAME_BYTES)) return false;
    const queued = link.outbox.push(frame, priority);
    if (queued && !link.scheduled) {
      link.scheduled = true;
      setImmediate(() => this.write(link));
    }
    return queued;
  }

  open(id: PeerId, channel: Channel): ChannelEnds {
    // The newest connection counts: the other side has noticed that the one before is lost.
    this.links.get(id)?.channel.close();
    const { outbox, inbox } = this.boxesFor(id);
    const link: Link = { channel, outbox, scheduled: false };
    this.links.set(id, link);
    return {
      received: (bytes) => {
        const frames = inbox.push(bytes);
        if (!frames) channel.close();
        else for (const frame of frames) if (this.links.get(id) === link) this.handler?.(id, frame);
      },
      closed: () => {
        if (this.links.get(id) === link) this.links.delete(id);
      },
    };
  }

  private boxesFor(id: PeerId): { readonly outbox: Outbox; readonly inbox: Inbox } {
    const { peers, queueBytes = QUEUE_BYTES, maxFrameBytes = FRAME_BYTES } = this.limits;
    if (peers.has(id)) return { outbox: new Outbox(queueBytes), inbox: new Inbox(maxFrameBytes) };
    const most = Math.min(maxFrameBytes, STRANGER_FRAME_BYTES);
    return {
      outbox: new Outbox(Math.min(queueBytes, STRANGER_QUEUE_BYTES)),
      inbox: new Inbox(most, most),
    };
  }

  clear(): void {
    this.links.clear();
  }

  /** One write in a turn; the next when the channel has taken it. */
  private write(link: Link): void {
    const bytes = link.channel.gone ? undefined : link.outbox.take(WRITE_BYTES);
    link.scheduled = bytes !== undefined;
    if (bytes && link.channel.write(bytes, () => this.write(link))) setImmediate(() => this.write(link));
  }
}
