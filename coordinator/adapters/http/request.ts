import { QuorateError, RemoteRefusal } from "../../protocol/errors.ts";
import { decodeText, errorBody } from "./codec.ts";

/** Largest JSON answer read: a list of a round's updates. */
export const MAX_JSON_BYTES = 16 * 1024 * 1024;
/** Largest refusal read. */
const MAX_REFUSAL_BYTES = 64 * 1024;

/** One request; a body makes it a POST. */
export interface Ask {
  readonly endpoint: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

export interface AskLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * Sends a request and reads the whole answer.
 * @throws QuorateError MINER_BAD_ENDPOINT, MINER_UNREACHABLE, MINER_TIMEOUT, MINER_BAD_ANSWER, ANSWER_TOO_LARGE, or the
 * one the miner answered with; the signal's reason if the caller's signal is aborted
 */
export async function ask(what: Ask, { timeoutMs, maxBytes }: AskLimits): Promise<Uint8Array> {
  const { endpoint, path, body, headers = {}, signal } = what;
  const url = urlOf(endpoint, path);
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: (body ?? null) as BodyInit | null,
      redirect: "error",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    if (response.ok) return await readBounded(response, maxBytes);
    throw refusalOf(await readBounded(response, MAX_REFUSAL_BYTES), response.status, what);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof QuorateError) throw error;
    throw failureOf(error as Error, { endpoint, path, timeoutMs, timedOut: timeout.aborted });
  }
}

function urlOf(endpoint: string, path: string): string {
  const url = URL.parse(endpoint);
  if (url && /^https?:$/.test(url.protocol) && !url.username && !url.password)
    return endpoint.replace(/\/+$/, "") + path;
  throw new QuorateError("MINER_BAD_ENDPOINT", `"${endpoint.slice(0, 200)}" is not an http or https URL`, {
    endpoint,
  });
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(response.headers.get("content-length") ?? 0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (announced <= maxBytes) {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > maxBytes) break;
      chunks.push(chunk);
    }
    if (size <= maxBytes) return join(chunks, size);
  }
  // Leaving the loop ends the download; the connection is not used again.
  if (!response.bodyUsed) await response.body?.cancel();
  throw new QuorateError("ANSWER_TOO_LARGE", `the answer is larger than ${maxBytes} bytes`, { maxBytes });
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function refusalOf(bytes: Uint8Array, status: number, { endpoint, path }: Ask): QuorateError {
  try {
    const { code, message, details } = decodeText(errorBody, Buffer.from(bytes).toString("utf8"), path);
    return new RemoteRefusal(code, message, details);
  } catch {
    return new QuorateError("MINER_BAD_ANSWER", `${endpoint} answered ${path} with status ${status}`, {
      endpoint,
      path,
      status,
    });
  }
}

function failureOf(
  error: Error,
  where: { endpoint: string; path: string; timeoutMs: number; timedOut: boolean },
): QuorateError {
  const { endpoint, path, timeoutMs, timedOut } = where;
  if (timedOut)
    return new QuorateError(
      "MINER_TIMEOUT",
      `${endpoint} did not answer ${path} within ${timeoutMs} ms`,
      { endpoint, path, timeoutMs },
      { cause: error },
    );
  const reason = (error.cause as Error | undefined)?.message || error.message;
  return new QuorateError(
    "MINER_UNREACHABLE",
    `${endpoint} cannot be reached (${reason}): is the miner running, and is this its endpoint?`,
    { endpoint, path },
    { cause: error },
  );
}
