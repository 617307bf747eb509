import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { createHttpTransport } from "../../../coordinator/adapters/http/client.ts";
import { createMinerServer } from "../../../coordinator/adapters/http/server.ts";
import { countedCode } from "../../../coordinator/protocol/errors.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { HELD, info, recordingLogger, recordingService, signed } from "./fixtures.ts";

describe("the HTTP transport", () => {
  let server: Server;
  let url: string;
  let reply: (response: ServerResponse) => void;
  before(async () => {
    server = createServer((request, response) => {
      request.resume();
      reply(response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });
  const transport = createHttpTransport({ timeouts: { requestMs: 300, contentMs: 300, uploadMs: 300 } });

  it("says that a miner cannot be reached", async () => {
    const error = await expectRejection("MINER_UNREACHABLE", transport.info("http://127.0.0.1:1"));
    expect(error.details.endpoint).to.equal("http://127.0.0.1:1");
  });

  it("asks http and https URLs without a password only", async () => {
    for (const endpoint of ["ftp://a", "nowhere", "", "http://user:secret@127.0.0.1:1"])
      await expectRejection("MINER_BAD_ENDPOINT", transport.info(endpoint));
  });

  it("gives up on a miner that does not answer, or stops in the middle", async () => {
    reply = () => {};
    await expectRejection("MINER_TIMEOUT", transport.info(url));
    await expectRejection("MINER_TIMEOUT", transport.submitUpdate(url, signed, new Uint8Array(100_000)));
    reply = (response) => response.writeHead(200, { "content-length": 100 }).write("{");
    await expectRejection("MINER_TIMEOUT", transport.info(url));
    await expectRejection("MINER_TIMEOUT", transport.content(url, HELD, { maxBytes: 100 }));
  });

  it("rejects with the caller's own reason when the caller stops it", async () => {
    reply = () => {};
    const controller = new AbortController();
    const asking = transport.info(url, controller.signal);
    controller.abort(new Error("enough"));
    expect(await asking.catch((error: Error) => error.message)).to.equal("enough");
    expect(await transport.info(url, controller.signal).catch((error: Error) => error.message)).to.equal(
      "enough",
    );
  });

  const answers: [string, string][] = [
    ["no JSON", "hello"],
    ["another shape", "{}"],
    ["another name", JSON.stringify({ ...info, name: "other" })],
  ];
  for (const [what, body] of answers)
    it(`refuses an answer with ${what}`, async () => {
      reply = (response) => void response.end(body);
      await expectRejection("MINER_BAD_ANSWER", transport.info(url));
    });

  it("takes an answer with fields it does not know", async () => {
    reply = (response) => void response.end(JSON.stringify({ ...info, more: 1 }));
    expect(await transport.info(url)).to.deep.equal(info);
  });

  it("hands on what a miner refuses with, and lets it name no metric", async () => {
    const refuse = async (code: string) => {
      reply = (response) => void response.writeHead(400).end(JSON.stringify({ code, message: "no" }));
      return countedCode(await expectRejection(code, transport.info(url)));
    };
    expect(await refuse("MADE_UP_17")).to.equal("REFUSED");
    expect(await refuse("RPC_UNREACHABLE")).to.equal("REFUSED");
    expect(await refuse("SERVER_BUSY")).to.equal("SERVER_BUSY");
    const own = await expectRejection("MINER_UNREACHABLE", transport.info("http://127.0.0.1:1"));
    expect([countedCode(own), countedCode(new Error("no"))]).to.deep.equal(["MINER_UNREACHABLE", "INTERNAL"]);
  });

  it("refuses a refusal that is none, a redirect, and one that is endless", async () => {
    reply = (response) => void response.writeHead(502).end("<html>");
    await expectRejection("MINER_BAD_ANSWER", transport.info(url));
    reply = (response) => {
      if (response.req.url === "/elsewhere") response.end(JSON.stringify(info));
      else response.writeHead(302, { location: `${url}/elsewhere` }).end();
    };
    await expectRejection("MINER_UNREACHABLE", transport.info(url));
    reply = (response) => void response.writeHead(400).end("x".repeat(100_000));
    await expectRejection("ANSWER_TOO_LARGE", transport.info(url));
  });

  it("stops a download at the limit, announced or not", async () => {
    reply = (response) => void response.end(Buffer.alloc(1_001));
    await expectRejection("CONTENT_TOO_LARGE", transport.content(url, HELD, { maxBytes: 1_000 }));
    let sent = 0;
    reply = (response) => {
      const chunk = Buffer.alloc(100_000);
      const more = (): void => {
        sent += chunk.length;
        if (!response.destroyed) response.write(chunk, () => setImmediate(more));
      };
      more();
    };
    await expectRejection("CONTENT_TOO_LARGE", transport.content(url, HELD, { maxBytes: 1_000_000 }));
    expect(sent).to.be.below(50_000_000);
  });
});

describe("a miner's server", () => {
  const logger = recordingLogger();
  const service = recordingService();

  it("listens on loopback unless told otherwise", async () => {
    await expectRejection("HOST_NOT_LOOPBACK", createMinerServer({ service, logger, host: "0.0.0.0" }));
    const server = await createMinerServer({ service, logger, host: "0.0.0.0", allowRemote: true });
    await server.stop();
    const local = await createMinerServer({ service, logger });
    expect(local.url).to.equal(`http://127.0.0.1:${local.port}`);
    await local.stop();
  });

  it("says that its port is in use, or its host is not its own", async () => {
    const first = await createMinerServer({ service, logger });
    await expectRejection("PORT_IN_USE", createMinerServer({ service, logger, port: first.port }));
    await first.stop();
    const foreign = { service, logger, host: "192.0.2.1", allowRemote: true };
    await expectRejection("HOST_UNAVAILABLE", createMinerServer(foreign));
  });

  it("stops at once, with connections open and a request under way", async () => {
    const waiting = recordingService({ updates: () => new Promise(() => {}) });
    const server = await createMinerServer({ service: waiting, logger });
    const transport = createHttpTransport();
    await transport.info(server.url);
    const asking = transport.updates(server.url, 1n);
    asking.catch(() => {});
    while (waiting.of("updates").length === 0) await new Promise((next) => setTimeout(next, 5));
    const started = performance.now();
    await server.stop();
    expect(performance.now() - started).to.be.below(1_000);
    await expectRejection("MINER_UNREACHABLE", asking);
    await expectRejection("MINER_UNREACHABLE", transport.info(server.url));
  });
});
