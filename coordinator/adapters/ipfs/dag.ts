import { concatBytes } from "@noble/hashes/utils.js";
import type { CID } from "multiformats/cid";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { CHUNK_BYTES, DAG_PB, digestOfBytes, MAX_LINKS, RAW, rootOf } from "./cid.ts";

/** Largest file read when the caller names no limit: 256 MiB, six times the largest model the protocol is tested with. */
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

/** Blocks asked for at the same time: 8 MiB in flight. */
const CONCURRENCY = 8;

/** How blocks are found and interior nodes read. Blocks must match their CID. */
export interface BlockSource {
  get(cid: CID, signal: AbortSignal): Promise<Uint8Array>;
  links(block: Uint8Array): CID[];
}

export interface ReadLimits {
  readonly signal: AbortSignal;
  readonly maxBytes?: number | undefined;
}

/**
 * Reads the canonical DAG of a file. Whoever offers the blocks may be hostile: the number of nodes and bytes is
 * bounded before they are asked for, and the bytes are laid out again, because another DAG of the same bytes would
 * give one file two names.
 * @throws QuorateError CONTENT_TOO_LARGE, CONTENT_MISMATCH; whatever `source.get` throws
 */
export async function readDag(source: BlockSource, digest: Hex, limits: ReadLimits): Promise<Uint8Array> {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES;
  const leaves = await findLeaves(source, digest, { ...limits, maxBytes });
  let total = 0;
  const chunks = await mapOrdered(leaves, async (cid) => {
    const chunk = await source.get(cid, limits.signal);
    total += chunk.length;
    if (total > maxBytes) throw tooLarge(digest, maxBytes);
    return chunk;
  });
  const bytes = concatBytes(...chunks);
  if ((await digestOfBytes(bytes)) !== digest.toLowerCase())
    throw mismatch(digest, "its blocks are not the canonical layout of its bytes");
  return bytes;
}

async function findLeaves(
  source: BlockSource,
  digest: Hex,
  limits: ReadLimits & { maxBytes: number },
): Promise<CID[]> {
  const maxLeaves = Math.max(1, Math.ceil(limits.maxBytes / CHUNK_BYTES));
  let level: CID[] = [rootOf(digest)];
  for (let depth = 0; level.some((cid) => cid.code !== RAW); depth++) {
    if (level.some((cid) => cid.code !== DAG_PB)) throw mismatch(digest, "it mixes leaves and nodes");
    // Without this bound a chain of nodes with one link each would be followed to its end.
    if (depth === maxDepth(maxLeaves)) throw tooLarge(digest, limits.maxBytes);
    const below = await mapOrdered(level, async (cid) => source.links(await source.get(cid, limits.signal)));
    level = below.flat();
    if (level.length > maxLeaves) throw tooLarge(digest, limits.maxBytes);
  }
  return level;
}

/** Levels of interior nodes above this many leaves. */
function maxDepth(leaves: number): number {
  let depth = 1;
  for (let reach = MAX_LINKS; reach < leaves; reach *= MAX_LINKS) depth++;
  return depth;
}

/** Maps with bounded concurrency, keeping order; the first failure wins and no further item is started. */
async function mapOrdered<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, items.length) }, lane));
  return results;
}

function tooLarge(digest: Hex, maxBytes: number): QuorateError {
  return new QuorateError("CONTENT_TOO_LARGE", `${digest} is larger than ${maxBytes} bytes`, {
    digest,
    maxBytes,
  });
}

function mismatch(digest: Hex, why: string): QuorateError {
  return new QuorateError("CONTENT_MISMATCH", `${digest} does not name this content: ${why}`, { digest });
}
