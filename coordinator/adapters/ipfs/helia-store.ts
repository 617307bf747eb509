import { join } from "node:path";
import { multiaddr } from "@multiformats/multiaddr";
import type { Helia } from "helia";
import { CID } from "multiformats/cid";
import type { ContentStore, PeerNode, ReadOptions } from "../../ports/content-store.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../../protocol/errors.ts";
import { dagLinks, damagedBlocks, fetchBlock, readBlock } from "./blocks.ts";
import { digestOf, digestOfBytes, layOut } from "./cid.ts";
import { type BlockSource, readDag } from "./dag.ts";
import { blocksIn, type NetworkedHelia, startLocalHelia, startNetworkedHelia } from "./helia-node.ts";
import { openPins, type PinIndex } from "./pins.ts";

/** Loopback, any free port: reachable from this host alone unless told otherwise. */
const DEFAULT_LISTEN = "/ip4/127.0.0.1/tcp/0";

/** A fetch whose caller names no signal gives up after a minute: nothing waits for ever on a silent peer. */
const DEFAULT_FETCH_TIMEOUT_MS = 60_000;

export interface HeliaStoreOptions {
  /** Blocks, pins and the peer key are kept here; made if missing. */
  readonly folder: string;
  /** Multiaddr to listen on. */
  readonly listen?: string;
  /** False: local blocks only, no peers. */
  readonly networking?: boolean;
  readonly fetchTimeoutMs?: number;
}

export interface HeliaStore extends ContentStore, PeerNode {
  /** libp2p peer id; the same after a restart. Empty without networking. */
  readonly peerId: string;
  stop(): Promise<void>;
}

/**
 * A content store on IPFS (Helia), exchanging blocks with connected peers by bitswap.
 * @throws QuorateError FOLDER_UNWRITABLE, PORT_IN_USE, LISTEN_ADDRESS, PEER_KEY_MALFORMED
 */
export async function createHeliaStore(options: HeliaStoreOptions): Promise<HeliaStore> {
  const { folder, listen = DEFAULT_LISTEN, networking = true } = options;
  const networked = networking ? await startNetworkedHelia(folder, listen) : undefined;
  const helia = networked ?? (await startLocalHelia(folder));
  const pins = await openPins(join(folder, "pins"));
  // Helia's own delete wants a content router to withdraw a block from; a node without routing has none.
  const blocks = blocksIn(folder);
  const drop = (block: string): Promise<void> => blocks.delete(CID.parse(block));
  const files = fileOperations(helia, pins, drop);
  const { fetchTimeoutMs = DEFAULT_FETCH_TIMEOUT_MS } = options;
  return {
    ...files,
    digest: digestOfBytes,
    async has(digest) {
      return pins.has(digest);
    },
    async fetch(digest, read = {}) {
      if (pins.has(digest)) {
        const held = await files.read(digest, read).catch(unlessGone);
        if (held) return held;
      }
      const signal = read.signal ?? AbortSignal.timeout(fetchTimeoutMs);
      return files.fetchMissing(digest, { ...read, signal }, networked);
    },
    ...peerOperations(networked),
    async stop() {
      await helia.stop();
    },
  };
}

/** A damaged file was dropped by the read that found it; a fetch then gets it again. */
function unlessGone(error: unknown): undefined {
  if (isQuorateError(error, "CONTENT_MISSING") || isQuorateError(error, "CONTENT_MISMATCH")) return undefined;
  throw error;
}

interface FileOperations extends Pick<ContentStore, "add" | "read" | "remove"> {
  fetchMissing(
    digest: Hex,
    options: ReadOptions & { signal: AbortSignal },
    networked: NetworkedHelia | undefined,
  ): Promise<Uint8Array>;
}

function fileOperations(
  helia: Helia,
  pins: PinIndex,
  drop: (block: string) => Promise<void>,
): FileOperations {
  const inTurn = takeTurns();
  const forget = async (blocks: Iterable<string>): Promise<void> => {
    for (const block of blocks) if (!(await pins.uses(block))) await drop(block);
  };
  const add = (bytes: Uint8Array): Promise<Hex> =>
    inTurn(async () => {
      const blocks: string[] = [];
      try {
        const root = await layOut(bytes, async (cid, block) => {
          blocks.push(cid.toString());
          await helia.blockstore.put(cid, block);
        });
        await pins.add(digestOf(root), blocks);
        return digestOf(root);
      } catch (error) {
        throw writeError(error);
      }
    });
  return {
    add,
    async read(digest, options = {}) {
      if (!pins.has(digest)) throw missing(digest);
      try {
        const { signal = new AbortController().signal } = options;
        return await readDag(await localSource(helia), digest, { ...options, signal });
      } catch (error) {
        if (!isQuorateError(error, "CONTENT_MISSING") && !isQuorateError(error, "CONTENT_MISMATCH"))
          throw error;
        await inTurn(async () => {
          const damaged = await damagedBlocks(helia, await pins.blocks(digest));
          await pins.remove(digest);
          for (const block of damaged) await drop(block);
        });
        throw error;
      }
    },
    async fetchMissing(digest, options, networked) {
      const fetched = new Set<string>();
      const giveUp = new AbortController();
      const signal = AbortSignal.any([options.signal, giveUp.signal]);
      try {
        const source = await networkSource(helia, networked, fetched);
        const bytes = await readDag(source, digest, { ...options, signal });
        await add(bytes);
        return bytes;
      } catch (error) {
        giveUp.abort();
        await inTurn(() => forget(fetched));
        throw fetchError(error, digest, options.signal);
      }
    },
    remove: (digest) => inTurn(async () => forget(await pins.remove(digest))),
  };
}

/** Adding, dropping and removing files take turns: a block must not vanish between being shared and being pinned. */
function takeTurns(): <T>(work: () => Promise<T>) => Promise<T> {
  let turn: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = turn.then(work, work);
    turn = result.catch(() => {});
    return result;
  };
}

async function localSource(helia: Helia): Promise<BlockSource> {
  return {
    get: (cid, signal) => readBlock(helia, cid, { offline: true, signal }),
    links: await dagLinks(helia),
  };
}

async function networkSource(
  helia: Helia,
  networked: NetworkedHelia | undefined,
  fetched: Set<string>,
): Promise<BlockSource> {
  const local = await localSource(helia);
  return {
    ...local,
    async get(cid, signal) {
      if (await helia.blockstore.has(cid)) return local.get(cid, signal);
      if (!networked || networked.libp2p.getConnections().length === 0)
        throw new Error("no peer is connected");
      fetched.add(cid.toString());
      return fetchBlock(helia, cid, signal);
    },
  };
}

function peerOperations(networked: NetworkedHelia | undefined): PeerNode & { peerId: string } {
  return {
    peerId: networked?.libp2p.peerId.toString() ?? "",
    addresses: () => networked?.libp2p.getMultiaddrs().map(String) ?? [],
    async connect(address, signal) {
      try {
        if (!networked) throw new Error("networking is off");
        const target = multiaddr(address);
        if (address.endsWith(`/p2p/${networked.libp2p.peerId}`)) return;
        await networked.libp2p.dial(target, signal ? { signal } : {});
      } catch (error) {
        signal?.throwIfAborted();
        throw new QuorateError(
          "PEER_UNREACHABLE",
          `no connection to ${address}: ${(error as Error).message}`,
          { address },
          { cause: error },
        );
      }
    },
  };
}

function fetchError(error: unknown, digest: Hex, signal: AbortSignal): QuorateError {
  if (isQuorateError(error) && error.code !== "CONTENT_MISSING") return error;
  const why = signal.aborted ? "it did not arrive in time" : (error as Error).message;
  return new QuorateError(
    "CONTENT_UNAVAILABLE",
    `${digest} could not be fetched: ${why}`,
    { digest },
    { cause: error },
  );
}

/** What a system says that has no room, or lets nobody write. */
const UNWRITABLE = /\b(ENOSPC|EDQUOT|EFBIG|EROFS|EACCES|EPERM|EIO)\b/;

/** The blockstore's own errors hold the system's code in their text only. */
function writeError(error: unknown): unknown {
  const [, cause] = UNWRITABLE.exec(`${(error as NodeJS.ErrnoException).code} ${error}`) ?? [];
  if (!cause) return error;
  return new QuorateError(
    "STORE_UNWRITABLE",
    `a file cannot be stored (${cause}): nothing is acknowledged until it can; make room, or let this user write`,
    { cause },
    { cause: error },
  );
}

function missing(digest: Hex): QuorateError {
  return new QuorateError("CONTENT_MISSING", `${digest} is not held here`, { digest });
}
