import { expect } from "chai";
import { createHttpTransport } from "../../../coordinator/adapters/http/client.ts";
import { createMinerServer, type MinerServer } from "../../../coordinator/adapters/http/server.ts";
import { QuorateError } from "../../../coordinator/protocol/errors.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { generatedBytes } from "../../ports/generated-bytes.ts";
import {
  answer,
  CLIENT,
  candidate,
  HELD,
  info,
  MINER,
  OPENING,
  recordingLogger,
  recordingService,
  SIGNATURE,
  signed,
  vote,
} from "./fixtures.ts";

describe("a miner's HTTP API", () => {
  const service = recordingService();
  const logger = recordingLogger();
  const transport = createHttpTransport();
  let server: MinerServer;
  before(async () => {
    server = await createMinerServer({ service, logger });
  });
  after(() => server.stop());
  beforeEach(() => void service.calls.splice(0));

  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(server.url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  it("tells about the miner", async () => {
    expect(await transport.info(server.url)).to.deep.equal(info);
    expect(await transport.info(`${server.url}/`)).to.deep.equal(info);
  });

  it("takes an upload: admits it first, then hands over its bytes", async () => {
    const model = generatedBytes(300_000);
    expect(await transport.submitUpdate(server.url, signed, model)).to.deep.equal(answer);
    expect(service.calls.map(([name]) => name)).to.deep.equal(["admitUpdate", "submitUpdate"]);
    expect(service.of("admitUpdate")).to.deep.equal([[signed]]);
    const [stored] = service.of("submitUpdate") as [[unknown, Uint8Array]];
    expect(stored[0]).to.deep.equal(signed);
    expect(Buffer.compare(stored[1], model)).to.equal(0);
    expect(stored[1].byteOffset % 4, "floats of the model must be aligned").to.equal(0);
  });

  it("carries every message unchanged, wide integers too", async () => {
    const endpoint = "http://127.0.0.1:4101";
    const list = { miner: MINER, updates: [signed], signature: SIGNATURE };
    const offer = { miner: MINER, candidate, signature: SIGNATURE };
    const ballot = { miner: MINER, vote, signature: SIGNATURE };
    await transport.announceUpdate(server.url, signed, endpoint);
    expect(await transport.updates(server.url, 7n)).to.deep.equal([signed, signed]);
    expect(await transport.exchangeManifest(server.url, 7n, list)).to.deep.equal(list);
    await transport.offerCandidate(server.url, 7n, offer);
    await transport.offerVote(server.url, 7n, ballot);
    expect(await transport.votes(server.url, 7n)).to.deep.equal([ballot]);
    expect(service.calls).to.deep.equal([
      ["announceUpdate", signed, endpoint],
      ["updates", 7n],
      ["exchangeManifest", 7n, list],
      ["offerCandidate", 7n, offer],
      ["offerVote", 7n, ballot],
      ["votes", 7n],
    ]);
  });

  it("serves a file and says when it lacks one", async () => {
    const bytes = await transport.content(server.url, HELD, { maxBytes: 3 });
    expect([...bytes]).to.deep.equal([1, 2, 3]);
    await expectRejection("CONTENT_TOO_LARGE", transport.content(server.url, HELD, { maxBytes: 2 }));
    await expectRejection("CONTENT_UNAVAILABLE", transport.content(server.url, OPENING, { maxBytes: 3 }));
    expect((await fetch(`${server.url}/v1/content/${OPENING}`)).status).to.equal(404);
    expect((await fetch(`${server.url}/v1/content/0x12`)).status).to.equal(400);
  });

  const ballot = { miner: MINER, vote: { ...vote, round: "7", reasonIndex: "9" }, signature: SIGNATURE };
  const wrong: [string, unknown, string][] = [
    ["is not JSON", "{", ""],
    ["lacks its signature", { ...ballot, signature: undefined }, "signature"],
    ["has a short signature", { ...ballot, signature: "0x12" }, "signature"],
    ["has an unknown field", { ...ballot, extra: 1 }, "(itself)"],
    ["names no address", { ...ballot, miner: "me" }, "miner"],
    ["has a number for a wide integer", { ...ballot, vote: { ...ballot.vote, round: 7 } }, "vote.round"],
    ["has a leading zero", { ...ballot, vote: { ...ballot.vote, round: "07" } }, "vote.round"],
    [
      "overflows 64 bits",
      { ...ballot, vote: { ...ballot.vote, reasonIndex: String(2n ** 64n) } },
      "vote.reasonIndex",
    ],
    ["overflows 16 bits", { ...ballot, vote: { ...ballot.vote, confidence: 65_536 } }, "vote.confidence"],
    ["has an unknown reason", { ...ballot, vote: { ...ballot.vote, reason: 6 } }, "vote.reason"],
    ["has a text for a truth", { ...ballot, vote: { ...ballot.vote, support: "yes" } }, "vote.support"],
  ];
  for (const [what, body, field] of wrong)
    it(`refuses a vote that ${what}`, async () => {
      const response = await post("/v1/rounds/7/votes", body);
      expect(response.status).to.equal(400);
      const refusal = (await response.json()) as { code: string; details: { field?: string } };
      expect(refusal.code).to.equal("BAD_REQUEST");
      if (field) expect(refusal.details.field).to.equal(field);
      expect(service.calls).to.deep.equal([]);
    });

  it("accepts that vote once nothing is wrong with it", async () => {
    expect((await post("/v1/rounds/7/votes", ballot)).status).to.equal(200);
  });

  it("refuses a message for another round than its path, and a round that is none", async () => {
    for (const round of ["8", "-7", "7n", "1e1", String(2n ** 64n)])
      expect((await post(`/v1/rounds/${round}/votes`, ballot)).status, round).to.equal(400);
    expect(service.calls).to.deep.equal([]);
  });

  it("refuses an announcement whose endpoint is no http URL", async () => {
    const update = JSON.parse(
      JSON.stringify(signed, (_, value) => (typeof value === "bigint" ? String(value) : value)),
    );
    for (const endpoint of ["file:///etc/passwd", "here", 7])
      expect((await post("/v1/announcements", { update, endpoint })).status).to.equal(400);
    expect((await post("/v1/announcements", { update, endpoint: "http://a:1" })).status).to.equal(202);
  });

  it("knows no other route, method or type", async () => {
    expect((await fetch(`${server.url}/v2/info`)).status).to.equal(404);
    expect((await fetch(`${server.url}/v1/info`, { method: "DELETE" })).status).to.equal(404);
    const text = { method: "POST", body: "{}", headers: { "content-type": "text/plain" } };
    expect((await fetch(`${server.url}/v1/rounds/7/votes`, text)).status).to.equal(400);
  });

  it("passes a refusal of the service on, with code, message and details", async () => {
    const refusing = recordingService({
      offerVote: async () => {
        throw new QuorateError("VOTE_STRANGER", "not a miner", { miner: MINER, weight: 10n ** 30n });
      },
      admitUpdate: async () => {
        throw new QuorateError("UPDATE_BAD_SIGNATURE", "signed by another key", { client: CLIENT });
      },
    });
    const other = await createMinerServer({ service: refusing, logger });
    const offer = { miner: MINER, vote, signature: SIGNATURE };
    const error = await expectRejection("VOTE_STRANGER", transport.offerVote(other.url, 7n, offer));
    expect(error.message).to.equal("not a miner");
    expect(error.details).to.deep.equal({ miner: MINER, weight: String(10n ** 30n) });
    const upload = transport.submitUpdate(other.url, signed, generatedBytes(10));
    await expectRejection("UPDATE_BAD_SIGNATURE", upload);
    expect(refusing.of("submitUpdate")).to.deep.equal([]);
    await other.stop();
  });

  it("tells nothing of an unexpected error, and logs it", async () => {
    const broken = recordingService({
      info: async () => {
        throw new Error("the disk at /var/secret is full");
      },
    });
    const other = await createMinerServer({ service: broken, logger });
    const response = await fetch(`${other.url}/v1/info`);
    const text = await response.text();
    expect(response.status).to.equal(500);
    expect(JSON.parse(text).code).to.equal("INTERNAL_ERROR");
    expect(text).not.to.match(/secret|\.ts|stack/);
    expect(
      logger.lines.some(({ level, fields }) => level === "error" && /secret/.test(String(fields.error))),
    ).to.equal(true);
    await other.stop();
  });
});
