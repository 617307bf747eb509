import { createServer, type Server } from "node:http";
import { connect as connectSocket } from "node:net";
import { expect } from "chai";
import { READ_METHODS } from "../../coordinator/adapters/explorer/rpc-proxy.ts";
import type { ExplorerServer } from "../../coordinator/adapters/explorer/server.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../../coordinator/protocol/errors.ts";
import { bundleBytes } from "../../scripts/build-explorer.ts";
import { serve } from "./serve.ts";

const CONSENSUS: Hex = `0x${"11".repeat(20)}`;
const DIGEST: Hex = `0x${"22".repeat(32)}`;
const LIMIT_BYTES = 80_000;

describe("the explorer's server", () => {
  let node: Server;
  let asked: string[];
  let server: ExplorerServer;
  let rpcUrl: string;

  beforeEach(async () => {
    asked = [];
    node = createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += part;
      asked.push(body);
      response.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: "0x1" }));
    });
    await new Promise<void>((done) => node.listen(0, "127.0.0.1", done));
    rpcUrl = `http://127.0.0.1:${(node.address() as { port: number }).port}`;
    server = await serve({ rpcUrl, consensus: CONSENSUS });
  });
  afterEach(async () => {
    await server.stop();
    node.closeAllConnections();
    await new Promise((done) => node.close(done));
  });

  const rpc = async (body: string) => (await fetch(`${server.url}/rpc`, { method: "POST", body })).json();
  const call = (method: string) => ({ jsonrpc: "2.0", id: 7, method, params: [] });

  it("passes reading methods on", async () => {
    expect(await rpc(JSON.stringify(call("eth_chainId")))).to.deep.include({ result: "0x1" });
    expect(asked).to.have.length(1);
  });

  it("refuses whatever else, alone or in a batch, and never asks the node", async () => {
    const methods = [
      "eth_sendTransaction",
      "eth_sendRawTransaction",
      "evm_mine",
      "hardhat_reset",
      "eth_accounts",
      "personal_sign",
    ];
    for (const method of methods) {
      expect(READ_METHODS.has(method)).to.equal(false);
      expect((await rpc(JSON.stringify(call(method)))).error.code).to.equal(-32601);
      expect((await rpc(JSON.stringify([call("eth_chainId"), call(method)]))).error.code).to.equal(-32601);
    }
    expect((await rpc("{")).error.code).to.equal(-32700);
    expect((await rpc(JSON.stringify(Array(101).fill(call("eth_chainId"))))).error.code).to.equal(-32600);
    expect((await rpc('[null, {"method": {}}]')).error.code).to.equal(-32601);
    expect(asked).to.deep.equal([]);
  });

  it("bounds a request", async () => {
    const response = await fetch(`${server.url}/rpc`, { method: "POST", body: " ".repeat(600_000) });
    expect(response.status).to.equal(413);
    expect((await response.json()).code).to.equal("BODY_TOO_LARGE");
  });

  it("forbids pages to load from, post to or be framed by others", async () => {
    for (const path of ["/", "/federation.json", "/nothing"]) {
      const { headers } = await fetch(server.url + path);
      expect(headers.get("content-security-policy")).to.match(
        /^default-src 'self'; .*frame-ancestors 'none'/,
      );
      expect(headers.get("x-content-type-options")).to.equal("nosniff");
    }
  });

  it("answers no other name than this machine's", async () => {
    const { port } = new URL(server.url);
    const answer = await new Promise<string>((done) => {
      const socket = connectSocket(Number(port), "127.0.0.1", () =>
        socket.write("GET /federation.json HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
      );
      let text = "";
      socket.on("data", (part) => {
        text += part;
      });
      socket.on("close", () => done(text));
    });
    expect(answer)
      .to.match(/^HTTP\/1.1 403 /)
      .and.contain("HOST_NOT_LOCAL");
  });

  it("serves no file but the built ones", async () => {
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "/assets/../../main.tsx",
      "/source/package.json",
    ])
      expect((await fetch(server.url + path)).status).to.equal(path.startsWith("/source") ? 404 : 404);
    expect((await fetch(`${server.url}/`, { method: "PUT" })).status).to.equal(405);
  });

  it("gives the sources a contract was compiled from, and nothing of others", async () => {
    const source = await (await fetch(`${server.url}/source/RewardDistributor`)).json();
    expect(source.sources[source.main]).to.contain("contract RewardDistributor");
    expect(Object.keys(source.sources).some((path) => path.endsWith("IRewardDistributor.sol"))).to.equal(
      true,
    );
    expect(Object.keys(source.sources).some((path) => path.endsWith("/MinerRegistry.sol"))).to.equal(false);
  });

  it("says that no source of files is configured", async () => {
    const response = await fetch(`${server.url}/content/${DIGEST}/manifest`);
    expect(response.status).to.equal(404);
    expect((await response.json()).code).to.equal("CONTENT_NOT_CONFIGURED");
    expect((await (await fetch(`${server.url}/content/0x12/manifest`)).json()).code).to.equal("BAD_HEX");
  });

  it("asks for a file once, and again after a failure", async () => {
    let reads = 0;
    const content = {
      async get() {
        reads += 1;
        if (reads === 1) throw new QuorateError("CONTENT_UNAVAILABLE", "nobody has it", {});
        return new Uint8Array([1, 2, 3]);
      },
    };
    const other = await serve({ rpcUrl, consensus: CONSENSUS, content });
    const size = () => fetch(`${other.url}/content/${DIGEST}/size`);
    expect((await size()).status).to.equal(404);
    expect(await (await size()).json()).to.deep.equal({ size: 3 });
    expect(await (await size()).json()).to.deep.equal({ size: 3 });
    expect(reads).to.equal(2);
    await other.stop();
  });

  it("says when its port is taken", async () => {
    const port = Number(new URL(server.url).port);
    const error = await serve({ rpcUrl, consensus: CONSENSUS, port }).catch((reason) => reason);
    expect(isQuorateError(error, "PORT_IN_USE")).to.equal(true);
  });

  it("answers 502 when the node is gone", async () => {
    node.closeAllConnections();
    await new Promise((done) => node.close(done));
    const response = await fetch(`${server.url}/rpc`, {
      method: "POST",
      body: JSON.stringify(call("eth_chainId")),
    });
    expect(response.status).to.equal(502);
    node.listen(0);
  });

  it("sends less than 80 kB for the pages", () => {
    expect(bundleBytes()).to.be.within(10_000, LIMIT_BYTES);
  });
});
