import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { createHttpTransport } from "../../../coordinator/adapters/http/client.ts";
import { encodeJson } from "../../../coordinator/adapters/http/codec.ts";
import { createMinerServer, type MinerServer } from "../../../coordinator/adapters/http/server.ts";
import { QuorateError } from "../../../coordinator/protocol/errors.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { recordingLogger, recordingService, signed } from "./fixtures.ts";

const logger = recordingLogger();
const HEADER = Buffer.from(encodeJson(signed)).toString("base64url");

describe("uploads that go wrong", () => {
  const service = recordingService({
    admitUpdate: async ({ client }) => {
      if (client !== signed.client) throw new QuorateError("UPDATE_UNKNOWN_CLIENT", "a stranger", { client });
    },
  });
  const sockets: Socket[] = [];
  let server: MinerServer;
  before(async () => {
    const limits = { maxUploadBytes: 10_000_000, uploadTimeoutMs: 300 };
    server = await createMinerServer({ service, logger, limits });
  });
  after(() => server.stop());
  beforeEach(() => void service.calls.splice(0));
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** Opens an upload by hand, so that it can be cut or slowed down. */
  const open = async (headers: Readonly<Record<string, string | number>>): Promise<Socket> => {
    const socket = connect(server.port, "127.0.0.1");
    sockets.push(socket);
    await once(socket, "connect");
    const all = {
      host: "miner",
      "content-type": "application/octet-stream",
      "quorate-update": HEADER,
      ...headers,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
    socket.write(`POST /v1/updates HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    return socket;
  };
  /** All that comes back until the connection is closed, by this side after the answer unless it is `patient`. */
  const answerOf = async (socket: Socket, patient = false): Promise<string> => {
    let text = "";
    socket.on("data", (chunk) => {
      text += String(chunk);
      if (!patient && text.endsWith("}")) socket.end();
    });
    socket.on("error", () => {});
    if (!socket.closed) await once(socket, "close");
    return text;
  };

  it("stores nothing of one that is cut", async () => {
    const socket = await open({ "content-length": 1_000 });
    socket.write(Buffer.alloc(999));
    await sleep(50);
    socket.destroy();
    await sleep(100);
    expect(service.of("admitUpdate")).to.have.length(1);
    expect(service.of("submitUpdate")).to.deep.equal([]);
    const refusal = logger.lines.find(({ fields }) => fields.code === "UPLOAD_TRUNCATED");
    expect(refusal?.fields.reason).to.contain("999 of 1000");
  });

  it("stores nothing of one whose sender hangs up politely", async () => {
    const socket = await open({ "content-length": 1_000 });
    socket.end(Buffer.alloc(10));
    await answerOf(socket);
    expect(service.of("submitUpdate")).to.deep.equal([]);
  });

  it("ends one that is too slow", async () => {
    const socket = await open({ "content-length": 1_000 });
    // The server's end of the connection ends this one, too, perhaps before the answer was read.
    const drip = setInterval(() => socket.writable && socket.write("x"), 20);
    const answer = await answerOf(socket).finally(() => clearInterval(drip));
    expect(answer).to.match(/^HTTP\/1.1 408 /);
    expect(answer).to.contain("UPLOAD_TIMEOUT");
    expect(service.of("submitUpdate")).to.deep.equal([]);
  });

  it("refuses one that is too large before asking the service, and closes", async () => {
    const socket = await open({ "content-length": 10_000_001 });
    const answer = await answerOf(socket, true);
    expect(answer).to.match(/^HTTP\/1.1 413 [\s\S]*connection: close[\s\S]*UPLOAD_TOO_LARGE/i);
    expect(service.calls).to.deep.equal([]);
  });

  it("refuses one of unknown size", async () => {
    const socket = await open({ "transfer-encoding": "chunked" });
    expect(await answerOf(socket)).to.match(/^HTTP\/1.1 411 [\s\S]*UPLOAD_LENGTH_REQUIRED/);
    expect(service.calls).to.deep.equal([]);
  });

  for (const [what, header] of [
    ["without a signed update", ""],
    ["with a header that is no base64url", "{}"],
    ["with a header that is no JSON", Buffer.from("hello").toString("base64url")],
    ["with a header that is no update", Buffer.from('{"client":"0x12"}').toString("base64url")],
  ] as const)
    it(`refuses one ${what}`, async () => {
      const socket = await open({ "content-length": 10, "quorate-update": header });
      expect(await answerOf(socket)).to.match(/^HTTP\/1.1 400 [\s\S]*BAD_REQUEST/);
      expect(service.calls).to.deep.equal([]);
    });

  it("refuses a stranger's before its body is read, and the stranger reads why", async () => {
    const transport = createHttpTransport();
    const stranger = { ...signed, client: `0x${"ee".repeat(20)}` } as const;
    for (let i = 0; i < 5; i++) {
      const upload = transport.submitUpdate(server.url, stranger, new Uint8Array(9_000_000));
      await expectRejection("UPDATE_UNKNOWN_CLIENT", upload);
    }
    expect(service.of("submitUpdate")).to.deep.equal([]);
  });

  it("tells a sender of far too much why, over the real client", async () => {
    const transport = createHttpTransport();
    const upload = transport.submitUpdate(server.url, signed, new Uint8Array(40_000_000));
    await expectRejection("UPLOAD_TOO_LARGE", upload);
  });

  it("refuses a model sent as something else", async () => {
    const response = await fetch(`${server.url}/v1/updates`, {
      method: "POST",
      headers: { "content-type": "application/json", "quorate-update": HEADER },
      body: "{}",
    });
    expect(response.status).to.equal(400);
    expect(service.calls).to.deep.equal([]);
  });

  it("still takes a good one", async () => {
    await createHttpTransport().submitUpdate(server.url, signed, new Uint8Array(9_000_000));
    expect((service.of("submitUpdate") as [[unknown, Uint8Array]])[0][1]).to.have.length(9_000_000);
  });
});
