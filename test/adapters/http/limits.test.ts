import { once } from "node:events";
import { connect } from "node:net";
import { expect } from "chai";
import { createHttpTransport } from "../../../coordinator/adapters/http/client.ts";
import { createGate, createRateLimiter } from "../../../coordinator/adapters/http/limits.ts";
import { createMinerServer, type MinerServer } from "../../../coordinator/adapters/http/server.ts";
import { statusOf } from "../../../coordinator/adapters/http/status.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { generatedBytes } from "../../ports/generated-bytes.ts";
import { expectCode } from "../../protocol/expect-code.ts";
import {
  answer,
  HELD,
  MINER,
  recordingLogger,
  recordingService,
  SIGNATURE,
  signed,
  vote,
} from "./fixtures.ts";

const logger = recordingLogger();
const transport = createHttpTransport();

describe("a rate limiter", () => {
  it("lets a burst pass, then the lasting rate, for each name alone", () => {
    let now = 0;
    const take = createRateLimiter({ perSecond: 2, burst: 3, now: () => now });
    for (let i = 0; i < 3; i++) take("a");
    const error = expectCode("RATE_LIMITED", () => take("a"));
    expect(error.details.retryAfterMs).to.equal(500);
    take("b");
    now = 499;
    expectCode("RATE_LIMITED", () => take("a"));
    now = 1_000;
    take("a");
    now = 1_000_000;
    for (let i = 0; i < 3; i++) take("a");
    expectCode("RATE_LIMITED", () => take("a"));
  });

  it("forgets the longest silent name when there are too many", () => {
    const take = createRateLimiter({ perSecond: 1, burst: 1, now: () => 0 });
    take("first");
    for (let i = 0; i < 10_000; i++) take(`name ${i}`);
    take("first");
    expectCode("RATE_LIMITED", () => take("name 9999"));
  });
});

describe("a gate", () => {
  it("lets a number of works in, and another when one has ended, well or badly", async () => {
    const gate = createGate(1, "works");
    const { promise, reject } = Promise.withResolvers<void>();
    const first = gate(() => promise);
    await expectRejection(
      "SERVER_BUSY",
      gate(async () => {}),
    );
    reject(new Error("no"));
    await first.catch(() => {});
    expect(await gate(async () => 7)).to.equal(7);
  });
});

describe("the status of an error code", () => {
  const cases: [string, number][] = [
    ["UPDATE_BAD_SIGNATURE", 401],
    ["UPDATE_UNKNOWN_CLIENT", 403],
    ["VOTE_STRANGER", 403],
    ["CONTENT_MISSING", 404],
    ["VOTE_UNKNOWN_CANDIDATE", 404],
    ["NOT_YET", 409],
    ["UPDATE_WRONG_ROUND", 409],
    ["UPLOAD_TOO_LARGE", 413],
    ["RATE_LIMITED", 429],
    ["SERVER_BUSY", 503],
    ["RPC_DOWN", 503],
    ["MODEL_NAN", 400],
  ];
  for (const [code, status] of cases)
    it(`is ${status} for ${code}`, () => expect(statusOf(code)).to.equal(status));
});

describe("a miner's server under load", () => {
  let server: MinerServer | undefined;
  afterEach(() => server?.stop());

  /** Asks until the answer is no refusal. */
  async function patiently<T>(request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch {
      await new Promise((next) => setTimeout(next, 5));
      return patiently(request);
    }
  }

  it("limits requests of one address", async () => {
    server = await createMinerServer({
      service: recordingService(),
      logger,
      limits: { requestBurst: 5, requestsPerSecond: 0.001 },
    });
    for (let i = 0; i < 5; i++) await transport.info(server.url);
    await expectRejection("RATE_LIMITED", transport.info(server.url));
    expect((await fetch(`${server.url}/v1/nothing`)).status).to.equal(429);
  });

  it("limits uploads of one client, not those of another, and refused ones don't count", async () => {
    const service = recordingService({
      admitUpdate: async ({ signature }) => {
        if (signature !== SIGNATURE) throw new Error("unsigned");
      },
    });
    server = await createMinerServer({
      service,
      logger,
      limits: { uploadBurst: 2, uploadsPerMinute: 0.001 },
    });
    const send = (update: typeof signed) => transport.submitUpdate(server!.url, update, generatedBytes(10));
    const forged = { ...signed, signature: `0x${"00".repeat(64)}` } as const;
    for (let i = 0; i < 4; i++) await expectRejection("INTERNAL_ERROR", send(forged));
    for (let i = 0; i < 2; i++) expect(await send(signed)).to.deep.equal(answer);
    await expectRejection("RATE_LIMITED", send(signed));
    expect(await send({ ...signed, client: MINER })).to.deep.equal(answer);
    expect(service.of("submitUpdate")).to.have.length(3);
  });

  it("refuses uploads beyond those in progress", async () => {
    const { promise, resolve } = Promise.withResolvers<typeof answer>();
    const service = recordingService({ submitUpdate: () => promise });
    server = await createMinerServer({ service, logger, limits: { concurrentUploads: 1 } });
    const first = transport.submitUpdate(server.url, signed, generatedBytes(10));
    while (service.of("submitUpdate").length === 0) await new Promise((next) => setTimeout(next, 5));
    await expectRejection("SERVER_BUSY", transport.submitUpdate(server.url, signed, generatedBytes(10)));
    resolve(answer);
    expect(await first).to.deep.equal(answer);
  });

  it("refuses downloads beyond those in progress, and frees the place of one that left", async () => {
    const large = new Uint8Array(30_000_000);
    const service = recordingService({ content: async () => large });
    server = await createMinerServer({ service, logger, limits: { concurrentDownloads: 1 } });
    // A reader that takes nothing of its answer.
    const slow = await fetch(`${server.url}/v1/content/${HELD}`);
    await expectRejection("SERVER_BUSY", transport.content(server.url, HELD, { maxBytes: 10 }));
    await slow.body?.cancel();
    const { length: maxBytes } = large;
    expect(await patiently(() => transport.content(server!.url, HELD, { maxBytes }))).to.have.length(
      maxBytes,
    );
  });

  it("frees the places of those that left before their file was read", async () => {
    const { promise: read, resolve } = Promise.withResolvers<Uint8Array>();
    const service = recordingService({ content: () => read });
    server = await createMinerServer({ service, logger, limits: { concurrentDownloads: 16 } });
    const asked = Array.from({ length: 16 }, () => connect(server!.port, "127.0.0.1"));
    for (const socket of asked) socket.write(`GET /v1/content/${HELD} HTTP/1.1\r\nhost: miner\r\n\r\n`);
    while (service.of("content").length < asked.length) await new Promise((next) => setTimeout(next, 5));
    await Promise.all(asked.map((socket) => once(socket.destroy(), "close")));
    // Answered after the server has seen the others leave.
    await transport.info(server.url);
    resolve(Uint8Array.of(7));
    expect(await patiently(() => transport.content(server!.url, HELD, { maxBytes: 10 }))).to.have.length(1);
  });

  it("bounds the JSON of each route", async () => {
    const limits = { maxJsonBytes: 2_000, maxManifestBytes: 10_000 };
    server = await createMinerServer({ service: recordingService(), logger, limits });
    const list = (count: number) => ({
      miner: MINER,
      updates: Array.from({ length: count }, () => signed),
      signature: SIGNATURE,
    });
    await transport.exchangeManifest(server.url, 7n, list(10));
    await expectRejection("BODY_TOO_LARGE", transport.exchangeManifest(server.url, 7n, list(30)));
    const ballot = transport.offerVote(server.url, 7n, { ...list(10), vote });
    await expectRejection("BODY_TOO_LARGE", ballot);
  });
});
