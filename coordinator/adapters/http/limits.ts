import { QuorateError } from "../../protocol/errors.ts";

/** What a miner's server lets others cost it. */
export interface ServerLimits {
  /** Bytes of one uploaded model. */
  readonly maxUploadBytes: number;
  /** Bytes of a JSON body. */
  readonly maxJsonBytes: number;
  /** Bytes of a JSON body that lists a round's updates. */
  readonly maxManifestBytes: number;
  /** An upload must be complete within this time. */
  readonly uploadTimeoutMs: number;
  readonly concurrentUploads: number;
  readonly concurrentDownloads: number;
  /** Per remote address: lasting rate, and how many at once. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Per client that signed: lasting rate, and how many at once. */
  readonly uploadsPerMinute: number;
  readonly uploadBurst: number;
  readonly maxConnections: number;
}

export const DEFAULT_LIMITS: ServerLimits = {
  maxUploadBytes: 64 * 1024 * 1024,
  maxJsonBytes: 1024 * 1024,
  maxManifestBytes: 16 * 1024 * 1024,
  uploadTimeoutMs: 60_000,
  concurrentUploads: 8,
  concurrentDownloads: 16,
  requestsPerSecond: 100,
  requestBurst: 1_000,
  uploadsPerMinute: 30,
  uploadBurst: 30,
  maxConnections: 512,
};

/** Names remembered by a rate limiter; beyond that the longest silent one is forgotten. */
const MAX_NAMES = 10_000;

/**
 * A token bucket per name: `burst` at once, then `perSecond`.
 * @returns a function that takes one token, and throws QuorateError RATE_LIMITED if there is none
 */
export function createRateLimiter(options: {
  readonly perSecond: number;
  readonly burst: number;
  readonly now?: () => number;
}): (name: string) => void {
  const { perSecond, burst, now = () => performance.now() } = options;
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (name) => {
    const at = now();
    const bucket = buckets.get(name) ?? { tokens: burst, at };
    const tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1_000) * perSecond);
    // Deleting and setting again keeps the map in the order of last use.
    buckets.delete(name);
    buckets.set(name, { tokens: Math.max(0, tokens - 1), at });
    if (buckets.size > MAX_NAMES) buckets.delete(buckets.keys().next().value!);
    if (tokens >= 1) return;
    const retryAfterMs = Math.ceil(((1 - tokens) / perSecond) * 1_000);
    throw new QuorateError(
      "RATE_LIMITED",
      `too many requests from ${name}: try again in ${retryAfterMs} ms`,
      { name, retryAfterMs },
    );
  };
}

/** Lets `limit` pieces of work run at once and refuses more. */
export function createGate(limit: number, what: string): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  return async (work) => {
    if (running >= limit)
      throw new QuorateError("SERVER_BUSY", `${limit} ${what} are in progress: try again in a moment`, {
        limit,
      });
    running++;
    try {
      return await work();
    } finally {
      running--;
    }
  };
}
