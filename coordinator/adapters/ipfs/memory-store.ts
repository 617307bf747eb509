import type { ContentStore, ReadOptions } from "../../ports/content-store.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { digestOfBytes } from "./cid.ts";

/**
 * A store in memory with the digests of the real one. `fetch` also looks into `peers`, in order.
 */
export function createMemoryStore(peers: readonly ContentStore[] = []): ContentStore {
  const files = new Map<string, Uint8Array>();

  const read = async (digest: Hex, options: ReadOptions = {}): Promise<Uint8Array> => {
    options.signal?.throwIfAborted();
    const bytes = files.get(digest.toLowerCase());
    if (!bytes) throw new QuorateError("CONTENT_MISSING", `${digest} is not held here`, { digest });
    if (options.maxBytes !== undefined && bytes.length > options.maxBytes)
      throw new QuorateError("CONTENT_TOO_LARGE", `${digest} is larger than ${options.maxBytes} bytes`, {
        digest,
        maxBytes: options.maxBytes,
      });
    return bytes.slice();
  };

  return {
    async add(bytes) {
      const digest = await digestOfBytes(bytes);
      files.set(digest, bytes.slice());
      return digest;
    },
    digest: digestOfBytes,
    async has(digest) {
      return files.has(digest.toLowerCase());
    },
    read,
    async fetch(digest, options) {
      if (files.has(digest.toLowerCase())) return read(digest, options);
      for (const peer of peers) {
        if (!(await peer.has(digest))) continue;
        const bytes = await peer.read(digest, options);
        files.set(digest.toLowerCase(), bytes.slice());
        return bytes;
      }
      throw new QuorateError("CONTENT_UNAVAILABLE", `no peer offers ${digest}`, { digest });
    },
    async remove(digest) {
      files.delete(digest.toLowerCase());
    },
  };
}
