/** A peer by its network identity: the lower-case hex of its public key. */
export type PeerId = string;

/** Takes a frame from a peer whose identity is proven. */
export type FrameHandler = (from: PeerId, frame: Uint8Array) => void;

/**
 * Direct streams between replicas and clients. Frames arrive whole and unaltered or not at all, in order per peer and
 * priority; a lost connection loses frames and is made again.
 */
export interface PeerTransport {
  readonly self: PeerId;
  start(handler: FrameHandler): Promise<void>;
  /**
   * Queues a frame, which is not to be changed afterwards: what goes to many peers is one array. Urgent frames (votes,
   * certificates) never wait behind bulk ones (payload).
   * @returns false if the peer is unknown, not connected, or its bounded queue is full: the frame is dropped.
   */
  send(to: PeerId, frame: Uint8Array, priority: "urgent" | "bulk"): boolean;
  /** Peers with a live connection now. */
  connected(): readonly PeerId[];
  stop(): Promise<void>;
}
