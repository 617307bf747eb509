import { setTimeout as sleep } from "node:timers/promises";
import { concatBytes } from "@noble/hashes/utils.js";
import type { Helia } from "helia";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { QuorateError } from "../../protocol/errors.ts";
import { DAG_PB } from "./cid.ts";

/** Bitswap's message limit: no honest block is larger. */
const MAX_BLOCK_BYTES = 2 * 1024 * 1024;

/**
 * One block, whole. Blocks from peers are checked by Helia against their hash; blocks from disk by whoever reads the
 * file they belong to.
 * @throws QuorateError CONTENT_MISSING if it is not held and `offline`
 */
export async function readBlock(
  helia: Helia,
  cid: CID,
  options: { offline?: boolean; signal?: AbortSignal },
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const part of helia.blockstore.get(cid, options)) {
      size += part.length;
      if (size > MAX_BLOCK_BYTES) throw new Error(`block larger than ${MAX_BLOCK_BYTES} bytes`);
      parts.push(part);
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!options.offline) throw error;
    throw new QuorateError(
      "CONTENT_MISSING",
      `block ${cid} is not held here`,
      { cid: String(cid) },
      { cause: error },
    );
  }
  return parts.length === 1 ? parts[0]! : concatBytes(...parts);
}

/** First wait for a block before it is asked for again, doubled each time: 8 MiB in flight arrive at 4 MB/s. */
const FIRST_WAIT_MS = 2_000;
/** Bitswap drops a request that repeats one it is just withdrawing: 5 times its debounce of 10 ms. */
const PAUSE_MS = 50;

/**
 * One block from connected peers; ends with the signal alone. It is asked for again and again, because Helia's bitswap
 * loses requests: a peer ignores the first repetition for a block that it sent before, and tells nobody about a block
 * that it was writing while it looked.
 */
export async function fetchBlock(helia: Helia, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
  for (let wait = FIRST_WAIT_MS; ; wait *= 2) {
    const attempt = AbortSignal.any([signal, AbortSignal.timeout(wait)]);
    try {
      return await raceSignal(readBlock(helia, cid, { signal: attempt }), attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (!attempt.aborted) throw error;
      await sleep(PAUSE_MS, undefined, { signal });
    }
  }
}

/**
 * The promise, or the signal's reason as soon as it is aborted. Bitswap tells its peers that a request is over before
 * it lets go of it, and waits ten seconds for one that is silent.
 */
async function raceSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    promise.catch(() => {});
  }
}

/** A function that reads the links of a dag-pb block, in order. */
export async function dagLinks(helia: Helia): Promise<(block: Uint8Array) => CID[]> {
  const codec = await helia.getCodec(DAG_PB);
  return (block) => {
    try {
      const node = codec.decode(block) as { Links: { Hash: CID }[] };
      return node.Links.map((link) => link.Hash);
    } catch (error) {
      throw new QuorateError("CONTENT_MISMATCH", "a node is not valid dag-pb", {}, { cause: error });
    }
  };
}

/** Those of `blocks` that are held with bytes that do not match their hash. */
export async function damagedBlocks(helia: Helia, blocks: readonly string[]): Promise<string[]> {
  const damaged: string[] = [];
  for (const text of blocks) {
    const cid = CID.parse(text);
    if (!(await helia.blockstore.has(cid))) continue;
    const bytes = await readBlock(helia, cid, { offline: true });
    const { digest } = await sha256.digest(bytes);
    if (!Buffer.from(digest).equals(cid.multihash.digest)) damaged.push(text);
  }
  return damaged;
}
