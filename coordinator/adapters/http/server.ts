import { isIP } from "node:net";
import Fastify, { type FastifyError, type FastifyInstance } from "fastify";
import type { Logger } from "../../ports/logger.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { MinerService } from "../../ports/transport.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { encodeJson } from "./codec.ts";
import { createRateLimiter, DEFAULT_LIMITS, type ServerLimits } from "./limits.ts";
import {
  addContentRoute,
  addRoundRoutes,
  addUploadRoute,
  type RouteContext,
  UPLOAD_ROUTE,
} from "./routes.ts";
import { refusalOf } from "./status.ts";
import { refuseUnread } from "./upload.ts";

/** Headers must be complete within this time. */
const HEADERS_TIMEOUT_MS = 10_000;
/** A connection without a request is closed after this time. */
const KEEP_ALIVE_TIMEOUT_MS = 5_000;

export interface MinerServerOptions {
  readonly service: MinerService;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** A host that others can reach is refused unless this is set. */
  readonly allowRemote?: boolean;
  readonly limits?: Partial<ServerLimits>;
  readonly logger: Logger;
  readonly metrics?: Pick<Metrics, "upload">;
}

export interface MinerServer {
  /** The endpoint, e.g. http://127.0.0.1:4100. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and closes every connection. */
  stop(): Promise<void>;
}

/**
 * Serves a miner's HTTP API (docs/protocol.md, "HTTP").
 * @throws QuorateError HOST_NOT_LOOPBACK, PORT_IN_USE, HOST_UNAVAILABLE
 */
export async function createMinerServer(options: MinerServerOptions): Promise<MinerServer> {
  const { service, host = "127.0.0.1", port = 0, allowRemote = false, logger, metrics } = options;
  if (!allowRemote && !isLoopback(host))
    throw new QuorateError(
      "HOST_NOT_LOOPBACK",
      `${host} can be reached from other hosts; allow that explicitly or listen on 127.0.0.1`,
      { host },
    );
  const limits: ServerLimits = { ...DEFAULT_LIMITS, ...options.limits };
  const app = createApp(limits, { logger, metrics });
  const context = { service, limits, logger, metrics };
  addRoundRoutes(app, context);
  addContentRoute(app, context);
  await app.register(async (scope) => addUploadRoute(scope, context));
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw listenError(error as NodeJS.ErrnoException, host, port);
  }
  const bound = (app.server.address() as { port: number }).port;
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return { url: `http://${name}:${bound}`, port: bound, stop: async () => app.close() };
}

function createApp(
  limits: ServerLimits,
  { logger, metrics }: Pick<RouteContext, "logger" | "metrics">,
): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: limits.maxJsonBytes,
    forceCloseConnections: true,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: limits.uploadTimeoutMs + HEADERS_TIMEOUT_MS,
  });
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  app.server.maxConnections = limits.maxConnections;
  app.setReplySerializer(encodeJson);
  const takeRequest = createRateLimiter({ perSecond: limits.requestsPerSecond, burst: limits.requestBurst });
  app.addHook("onRequest", async (request) => takeRequest(request.ip));
  app.addHook("onSend", async (_request, reply) => {
    reply.headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  });
  app.setNotFoundHandler((request) => {
    throw new QuorateError("NOT_FOUND", `no route ${request.method} ${request.url.slice(0, 200)}`);
  });
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const refusal = refusalOf(error);
    if (request.routeOptions.url === UPLOAD_ROUTE) metrics?.upload(refusal.body.code);
    const fields = { route: request.routeOptions.url, from: request.ip, code: refusal.body.code };
    if (refusal.status === 500) logger.error({ ...fields, error: error.stack }, "a request failed");
    else logger.debug({ ...fields, reason: refusal.body.message }, "a request was refused");
    if (request.raw.complete || request.raw.destroyed) return reply.code(refusal.status).send(refusal.body);
    reply.hijack();
    await refuseUnread(request.raw, reply.raw, refusal);
    return reply;
  });
  return app;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === "EADDRINUSE")
    return new QuorateError(
      "PORT_IN_USE",
      `port ${port} of ${host} is in use by another process; stop it or choose another port`,
      { host, port },
      { cause: error },
    );
  return new QuorateError(
    "HOST_UNAVAILABLE",
    `cannot listen on ${host}:${port}: ${error.message}`,
    { host, port },
    { cause: error },
  );
}
