import type { FrameHandler, PeerId, PeerTransport } from "../../ports/peer-transport.ts";

interface Parcel {
  readonly from: PeerId;
  readonly frame: Uint8Array;
}

class MemoryPeer implements PeerTransport {
  readonly self: PeerId;
  private readonly peers: Map<PeerId, MemoryPeer>;
  private readonly urgent: Parcel[] = [];
  private readonly bulk: Parcel[] = [];
  private handler: FrameHandler | undefined;

  constructor(self: PeerId, peers: Map<PeerId, MemoryPeer>) {
    this.self = self;
    this.peers = peers;
  }

  async start(handler: FrameHandler): Promise<void> {
    this.handler = handler;
    this.peers.set(this.self, this);
  }

  send(to: PeerId, frame: Uint8Array, priority: "urgent" | "bulk"): boolean {
    const peer = this.peers.get(to);
    if (!this.handler || !peer || peer === this) return false;
    peer[priority].push({ from: this.self, frame: new Uint8Array(frame) });
    setImmediate(() => peer.deliver());
    return true;
  }

  connected(): readonly PeerId[] {
    return this.handler ? [...this.peers.keys()].filter((id) => id !== this.self) : [];
  }

  async stop(): Promise<void> {
    this.handler = undefined;
    this.peers.delete(this.self);
    this.urgent.length = 0;
    this.bulk.length = 0;
  }

  private deliver(): void {
    const parcel = this.urgent.shift() ?? this.bulk.shift();
    if (parcel) this.handler?.(parcel.from, parcel.frame);
  }
}

/** Transports within one process, for simulations and tests: each name given joins the same network. */
export function createMemoryNetwork(): (self: PeerId) => PeerTransport {
  const peers = new Map<PeerId, MemoryPeer>();
  return (self) => new MemoryPeer(self, peers);
}
