import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cidOfDigest, digestOfBytes } from "../adapters/ipfs/cid.ts";
import type { HeliaStore } from "../adapters/ipfs/helia-store.ts";
import { createMemoryStore } from "../adapters/ipfs/memory-store.ts";
import type { Content } from "../ports/content.ts";
import type { ContentStore, PeerNode } from "../ports/content-store.ts";
import type { MinerTransport } from "../ports/transport.ts";
import { sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { Cleanup } from "./cleanup.ts";

/** How long one file may take from a named IPFS source, in milliseconds. */
const FETCH_TIMEOUT_MS = 60_000;

/**
 * A store for commands that read a few files and end: files in memory, and a peer-to-peer node in a temporary folder
 * that is started only if bitswap is really needed.
 */
export function createVisitorStore(cleanup: Cleanup): ContentStore & PeerNode {
  const memory = createMemoryStore();
  let peer: Promise<HeliaStore> | undefined;
  const node = () => {
    peer ??= startPeer(cleanup);
    return peer;
  };
  return {
    ...memory,
    addresses: () => [],
    connect: async (address, signal) => (await node()).connect(address, signal),
    async fetch(digest, options) {
      const bytes = await (await node()).fetch(digest, options);
      await memory.add(bytes);
      return bytes;
    },
  };
}

async function startPeer(cleanup: Cleanup): Promise<HeliaStore> {
  const { createHeliaStore } = await import("../adapters/ipfs/helia-store.ts");
  const folder = await mkdtemp(join(tmpdir(), "quorate-"));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const store = await createHeliaStore({ folder });
  cleanup.add(() => store.stop());
  return store;
}

interface ContentSources {
  readonly transport: MinerTransport;
  /** Endpoints of the miners, from the chain. */
  readonly endpoints: () => Promise<readonly string[]>;
  /** What --ipfs named: a miner's or gateway's http URL, or a libp2p multiaddr; overrides the chain's endpoints. */
  readonly ipfs?: string;
  readonly cleanup: Cleanup;
}

/** Files from where a visitor finds them: the miners' endpoints, or the source named by --ipfs alone. */
export async function createVisitorContent(sources: ContentSources): Promise<Content> {
  const { createPeerContent } = await import("../adapters/content/peer-content.ts");
  const { transport, endpoints, ipfs, cleanup } = sources;
  const store = createVisitorStore(cleanup);
  if (!ipfs) return createPeerContent({ store, transport, endpoints });
  if (ipfs.startsWith("/")) return contentOfPeer(store, ipfs);
  const miner = createPeerContent({ store, transport, endpoints: async () => [ipfs] });
  return {
    // A gateway is no miner: ask it the way gateways are asked, then as a miner.
    get: (digest, options) =>
      fromGateway(store, ipfs, digest, options).catch(() => miner.get(digest, options)),
  };
}

function contentOfPeer(store: ContentStore & PeerNode, address: string): Content {
  return {
    async get(digest, { maxBytes, signal }) {
      if (await store.has(digest)) return store.read(digest, { maxBytes });
      const limit = AbortSignal.any([AbortSignal.timeout(FETCH_TIMEOUT_MS), ...(signal ? [signal] : [])]);
      await store.connect(address, limit);
      return store.fetch(digest, { maxBytes, signal: limit });
    },
  };
}

async function fromGateway(
  store: ContentStore,
  url: string,
  digest: Parameters<Content["get"]>[0],
  { maxBytes, signal }: Parameters<Content["get"]>[1],
): Promise<Uint8Array> {
  if (await store.has(digest)) return store.read(digest, { maxBytes });
  const limit = AbortSignal.any([AbortSignal.timeout(FETCH_TIMEOUT_MS), ...(signal ? [signal] : [])]);
  const response = await fetch(`${url}/ipfs/${cidOfDigest(digest)}`, { signal: limit });
  if (!response.ok || Number(response.headers.get("content-length") ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw new QuorateError("CONTENT_UNAVAILABLE", `${url} answered ${response.status}`, { url, digest });
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length > maxBytes || !sameHex(await digestOfBytes(bytes), digest))
    throw new QuorateError("CONTENT_MISMATCH", `${url} served other bytes than ${digest}`, { url, digest });
  await store.add(bytes);
  return bytes;
}
