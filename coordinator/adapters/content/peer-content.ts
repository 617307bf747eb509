import type { Content } from "../../ports/content.ts";
import type { ContentStore, PeerNode } from "../../ports/content-store.ts";
import type { MinerTransport } from "../../ports/transport.ts";
import { type Hex, sameHex } from "../../protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../../protocol/errors.ts";

/** How long one HTTP source may take before the next is tried, and bitswap after the last, in milliseconds. */
const SOURCE_TIMEOUT_MS = 20_000;

interface Sources {
  readonly store: ContentStore & PeerNode;
  readonly transport: MinerTransport;
  /** Endpoints of the miners, asked again at each read: miners come and go. */
  readonly endpoints: () => Promise<readonly string[]>;
}

/**
 * Files from the local store, else by HTTP (several times faster than bitswap), else by bitswap. HTTP bytes are
 * checked against the digest before anything sees them.
 */
export function createPeerContent({ store, transport, endpoints }: Sources): Content {
  const overHttp = async (endpoint: string, digest: Hex, maxBytes: number, signal: AbortSignal) => {
    const bytes = await transport.content(endpoint, digest, { maxBytes, signal });
    const got = await store.digest(bytes);
    if (!sameHex(got, digest))
      throw new QuorateError("CONTENT_MISMATCH", `${endpoint} answered ${digest} with bytes of ${got}`, {
        endpoint,
        digest,
        got,
      });
    await store.add(bytes);
    return bytes;
  };

  return {
    async get(digest, { maxBytes, signal, hint }) {
      if (await store.has(digest)) return store.read(digest, withSignal(maxBytes, signal));
      const known = await endpoints();
      const order = hint ? [hint, ...known.filter((endpoint) => endpoint !== hint)] : known;
      const refusals: string[] = [];
      for (const endpoint of order) {
        signal?.throwIfAborted();
        const timeout = AbortSignal.any([
          AbortSignal.timeout(SOURCE_TIMEOUT_MS),
          ...(signal ? [signal] : []),
        ]);
        try {
          return await overHttp(endpoint, digest, maxBytes, timeout);
        } catch (error) {
          // Whatever a source says of a file, its size too, is only its word: another may have it.
          refusals.push(`${endpoint}: ${(error as Error).message}`);
        }
      }
      return overBitswap({ store, transport }, order, {
        digest,
        maxBytes,
        refusals,
        ...(signal && { signal }),
      });
    },
  };
}

async function overBitswap(
  { store, transport }: Pick<Sources, "store" | "transport">,
  endpoints: readonly string[],
  want: { digest: Hex; maxBytes: number; refusals: readonly string[]; signal?: AbortSignal },
): Promise<Uint8Array> {
  const { digest, maxBytes, refusals } = want;
  const signal = AbortSignal.any([
    AbortSignal.timeout(SOURCE_TIMEOUT_MS),
    ...(want.signal ? [want.signal] : []),
  ]);
  const connected = await Promise.allSettled(
    endpoints.map(async (endpoint) => {
      const { peers } = await transport.info(endpoint, signal);
      await Promise.any(peers.map((peer) => store.connect(peer, signal)));
    }),
  );
  const reachable = connected.some((attempt) => attempt.status === "fulfilled");
  if (reachable) {
    try {
      return await store.fetch(digest, { maxBytes, signal });
    } catch (error) {
      // Every block was checked by its hash: this is the file's size.
      if (isQuorateError(error, "CONTENT_TOO_LARGE")) throw error;
    }
  }
  throw new QuorateError(
    "CONTENT_UNAVAILABLE",
    `nobody served ${digest}; asked ${endpoints.length} endpoints${refusals.length ? ` (${refusals.join("; ")})` : ""}`,
    { digest, endpoints, refusals },
  );
}

function withSignal(maxBytes: number, signal: AbortSignal | undefined) {
  return signal ? { maxBytes, signal } : { maxBytes };
}
