import type { z } from "zod/v4";
import type { MinerTransport } from "../../ports/transport.ts";
import { QuorateError } from "../../protocol/errors.ts";
import {
  accepted,
  decodeText,
  encodeJson,
  minerInfo,
  updateList,
  updatesMessage,
  uploadAnswer,
  voteList,
} from "./codec.ts";
import { type Ask, ask, MAX_JSON_BYTES } from "./request.ts";
import { UPDATE_HEADER } from "./upload.ts";

/** How long a miner may take to answer, milliseconds. */
export interface Timeouts {
  readonly requestMs: number;
  readonly uploadMs: number;
  readonly contentMs: number;
  readonly manifestMs: number;
}

const DEFAULT_TIMEOUTS: Timeouts = {
  requestMs: 10_000,
  uploadMs: 120_000,
  contentMs: 120_000,
  manifestMs: 30_000,
};

/**
 * Reaches miners by HTTP. Refusals are thrown as the QuorateError that the miner answered with.
 * Other codes: MINER_UNREACHABLE, MINER_TIMEOUT, MINER_BAD_ANSWER, MINER_BAD_ENDPOINT.
 */
export function createHttpTransport(options: { readonly timeouts?: Partial<Timeouts> } = {}): MinerTransport {
  const { requestMs, uploadMs, contentMs, manifestMs } = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const get = <T>(schema: z.ZodType<T>, what: Ask): Promise<T> => json(schema, what, requestMs);
  return {
    info: (endpoint, signal) => get(minerInfo, { endpoint, path: "/v1/info", signal }),

    submitUpdate(endpoint, signed, model, signal) {
      const header = Buffer.from(encodeJson(signed)).toString("base64url");
      const headers = { "content-type": "application/octet-stream", [UPDATE_HEADER]: header };
      return json(uploadAnswer, { endpoint, path: "/v1/updates", body: model, headers, signal }, uploadMs);
    },

    async announceUpdate(endpoint, update, own, signal) {
      const body = { update, endpoint: own };
      await get(accepted, post({ endpoint, path: "/v1/announcements", signal }, body));
    },

    async updates(endpoint, round, signal) {
      return (await get(updateList, { endpoint, path: `/v1/rounds/${round}/updates`, signal })).updates;
    },

    exchangeManifest(endpoint, round, inventory, signal) {
      const where = { endpoint, path: `/v1/rounds/${round}/manifest`, signal };
      return json(updatesMessage, post(where, inventory), manifestMs);
    },

    async offerCandidate(endpoint, round, offer, signal) {
      await get(accepted, post({ endpoint, path: `/v1/rounds/${round}/candidates`, signal }, offer));
    },

    async offerVote(endpoint, round, offer, signal) {
      await get(accepted, post({ endpoint, path: `/v1/rounds/${round}/votes`, signal }, offer));
    },

    async votes(endpoint, round, signal) {
      return (await get(voteList, { endpoint, path: `/v1/rounds/${round}/votes`, signal })).votes;
    },

    async content(endpoint, digest, { maxBytes, signal }) {
      const path = `/v1/content/${digest}`;
      try {
        return await ask({ endpoint, path, signal }, { timeoutMs: contentMs, maxBytes });
      } catch (error) {
        throw contentError(error, { endpoint, digest, maxBytes });
      }
    },
  };
}

function post(where: Ask, body: unknown): Ask {
  return { ...where, body: encodeJson(body), headers: { "content-type": "application/json" } };
}

async function json<T>(schema: z.ZodType<T>, what: Ask, timeoutMs: number): Promise<T> {
  const bytes = await ask(what, { timeoutMs, maxBytes: MAX_JSON_BYTES });
  const { endpoint, path } = what;
  try {
    return decodeText(schema, Buffer.from(bytes).toString("utf8"), path);
  } catch (error) {
    throw new QuorateError(
      "MINER_BAD_ANSWER",
      `${endpoint} answered ${path} with something else than the protocol says: ${(error as Error).message}`,
      { endpoint, path },
      { cause: error },
    );
  }
}

function contentError(
  error: unknown,
  where: { readonly endpoint: string; readonly digest: string; readonly maxBytes: number },
): unknown {
  if (!(error instanceof QuorateError)) return error;
  if (error.code === "ANSWER_TOO_LARGE")
    return new QuorateError(
      "CONTENT_TOO_LARGE",
      `${where.endpoint} sent more than ${where.maxBytes} bytes for ${where.digest}`,
      where,
      { cause: error },
    );
  if (error.code !== "CONTENT_MISSING") return error;
  return new QuorateError("CONTENT_UNAVAILABLE", `${where.endpoint} does not hold ${where.digest}`, where, {
    cause: error,
  });
}
