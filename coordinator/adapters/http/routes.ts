import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Logger } from "../../ports/logger.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { MinerService } from "../../ports/transport.ts";
import { QuorateError } from "../../protocol/errors.ts";
import {
  announcement,
  candidateMessage,
  decode,
  digest,
  encodeJson,
  roundNumber,
  updatesMessage,
  voteMessage,
} from "./codec.ts";
import { createGate, createRateLimiter, type ServerLimits } from "./limits.ts";
import { announcedLength, readBody, updateOf } from "./upload.ts";

/** What the routes share. */
export interface RouteContext {
  readonly service: MinerService;
  readonly limits: ServerLimits;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "upload"> | undefined;
}

export const UPLOAD_ROUTE = "/v1/updates";

/** A file must be taken within this time, else the connection is closed. */
const DOWNLOAD_TIMEOUT_MS = 120_000;

const ACCEPTED = { accepted: true };

/** The JSON routes. */
export function addRoundRoutes(app: FastifyInstance, { service, limits }: RouteContext): void {
  app.get("/v1/info", async () => service.info());

  app.post("/v1/announcements", async (request, reply) => {
    const { update, endpoint } = decode(announcement, request.body, "announcement");
    await service.announceUpdate(update, endpoint);
    return reply.code(202).send(ACCEPTED);
  });

  app.get("/v1/rounds/:round/updates", async (request) => ({
    updates: await service.updates(roundOf(request)),
  }));

  app.post("/v1/rounds/:round/manifest", { bodyLimit: limits.maxManifestBytes }, async (request) =>
    service.exchangeManifest(roundOf(request), decode(updatesMessage, request.body, "inventory")),
  );

  app.post("/v1/rounds/:round/candidates", async (request) => {
    const offer = decode(candidateMessage, request.body, "candidate");
    await service.offerCandidate(sameRound(request, offer.candidate.round), offer);
    return ACCEPTED;
  });

  app.get("/v1/rounds/:round/votes", async (request) => ({ votes: await service.votes(roundOf(request)) }));

  app.post("/v1/rounds/:round/votes", async (request) => {
    const offer = decode(voteMessage, request.body, "vote");
    await service.offerVote(sameRound(request, offer.vote.round), offer);
    return ACCEPTED;
  });
}

/** Files, as they are. */
export function addContentRoute(app: FastifyInstance, { service, limits }: RouteContext): void {
  const downloads = createGate(limits.concurrentDownloads, "downloads");
  app.get("/v1/content/:digest", async (request, reply) => {
    const name = decode(digest, (request.params as { digest: string }).digest, "digest");
    await downloads(async () => {
      // Listened for from here on: whoever asked may leave before the file is read.
      const closed = Promise.withResolvers<void>();
      reply.raw.once("close", closed.resolve);
      const bytes = await service.content(name);
      if (!bytes)
        throw new QuorateError("CONTENT_MISSING", `${name} is not held by this miner`, { digest: name });
      if (reply.raw.destroyed) return;
      const timer = setTimeout(() => {
        reply.raw.destroy();
        closed.resolve();
      }, DOWNLOAD_TIMEOUT_MS);
      const { buffer, byteOffset, byteLength } = bytes;
      reply.type("application/octet-stream").send(Buffer.from(buffer, byteOffset, byteLength));
      await closed.promise.finally(() => clearTimeout(timer));
    });
    return reply;
  });
}

/** Uploads. The signed update is in a header, so that it is checked before a byte of the body is read. */
export function addUploadRoute(
  scope: FastifyInstance,
  { service, limits, logger, metrics }: RouteContext,
): void {
  const uploads = createGate(limits.concurrentUploads, "uploads");
  const takeUpload = createRateLimiter({
    perSecond: limits.uploadsPerMinute / 60,
    burst: limits.uploadBurst,
  });
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("application/octet-stream", (_request, _payload, done) => done(null));
  scope.post(UPLOAD_ROUTE, { bodyLimit: limits.maxUploadBytes }, async (request, reply) => {
    const signed = updateOf(request.headers);
    const length = announcedLength(request.headers, limits.maxUploadBytes);
    await service.admitUpdate(signed);
    // Counted by the client that signed, and only now: nobody can use up another's share.
    takeUpload(signed.client);
    const answer = await uploads(async () => {
      const model = await readBody(request.raw, length, limits.uploadTimeoutMs);
      return service.submitUpdate(signed, model);
    });
    metrics?.upload("ACCEPTED");
    logger.debug({ client: signed.client, round: String(signed.update.round), length }, "took an upload");
    return reply.type("application/json; charset=utf-8").send(encodeJson(answer));
  });
}

function roundOf(request: FastifyRequest): bigint {
  return decode(roundNumber, (request.params as { round: string }).round, "round");
}

function sameRound(request: FastifyRequest, signed: bigint): bigint {
  const round = roundOf(request);
  if (round === signed) return round;
  throw new QuorateError("BAD_REQUEST", `the message is for round ${signed}, the path for round ${round}`, {
    what: "round",
    field: "round",
  });
}
