import type { Hex } from "../protocol/bytes.ts";

/** Limits of one read. */
export interface ReadOptions {
  readonly signal?: AbortSignal;
  /** Refuse content larger than this many bytes. */
  readonly maxBytes?: number;
}

/**
 * Content-addressed files. A file is named by the sha2-256 digest of its dag-pb root under the protocol's fixed CID
 * settings (docs/protocol.md); equal bytes have equal digests in every store.
 */
export interface ContentStore {
  /** Stores and pins `bytes`; returns their digest. Storing the same bytes again changes nothing. */
  add(bytes: Uint8Array): Promise<Hex>;
  /** The digest `bytes` would have, storing nothing. */
  digest(bytes: Uint8Array): Promise<Hex>;
  /** True if the whole file is held locally. */
  has(digest: Hex): Promise<boolean>;
  /**
   * The file, from local blocks alone.
   * @throws QuorateError CONTENT_MISSING, CONTENT_TOO_LARGE
   */
  read(digest: Hex, options?: ReadOptions): Promise<Uint8Array>;
  /**
   * The file, fetching blocks that are not held from connected peers (bitswap); every block is checked by its hash.
   * @throws QuorateError CONTENT_UNAVAILABLE, CONTENT_TOO_LARGE
   */
  fetch(digest: Hex, options?: ReadOptions): Promise<Uint8Array>;
  /** Unpins a file and forgets its blocks that no other pinned file needs. */
  remove(digest: Hex): Promise<void>;
}

/** The peer-to-peer side of a store. */
export interface PeerNode {
  /** Addresses under which other nodes reach this one. */
  addresses(): readonly string[];
  /** Connects to a peer; resolves if already connected. @throws QuorateError PEER_UNREACHABLE */
  connect(address: string, signal?: AbortSignal): Promise<void>;
}
