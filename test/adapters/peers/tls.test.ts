import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect, type Server } from "node:tls";
import { expect } from "chai";
import { identityOf, networkIdentity } from "../../../coordinator/adapters/peers/identity.ts";
import { TlsPeers, type TlsPeersOptions } from "../../../coordinator/adapters/peers/tls.ts";
import { eventually, peerTransportSuite } from "../../ports/peer-transport.suite.ts";

const LOCAL = { host: "127.0.0.1", port: 0 };
const identities = [1, 2, 3]
  .map((i) => networkIdentity(new Uint8Array(32).fill(i)))
  .toSorted((a, b) => (a.id < b.id ? -1 : 1));
const [low, high, third] = identities as [
  (typeof identities)[0],
  (typeof identities)[0],
  (typeof identities)[0],
];

const running: TlsPeers[] = [];
function peers(options: Omit<TlsPeersOptions, "peers"> & Partial<TlsPeersOptions>): TlsPeers {
  const transport = new TlsPeers({ peers: new Map(), ...options });
  running.push(transport);
  return transport;
}

/** Waits for so many more connections to be made, or to be at the door. */
async function handshakes(transport: TlsPeers, count: number, event = "secureConnection"): Promise<void> {
  const { server } = transport as unknown as { server: Server };
  for (let i = 0; i < count; i++) await once(server, event);
}

/** The one that is called listens from the start, so that its port is known. */
async function pair(): Promise<[TlsPeers, TlsPeers]> {
  const called = peers({ identity: high, listen: LOCAL, peers: new Map([[low.id, LOCAL]]) });
  await called.start(() => {});
  const address = { host: "127.0.0.1", port: called.port };
  await called.stop();
  const again = peers({ identity: high, listen: address, peers: new Map([[low.id, LOCAL]]) });
  return [peers({ identity: low, listen: LOCAL, peers: new Map([[high.id, address]]) }), again];
}

peerTransportSuite("TLS over TCP", pair);

describe("TLS between peers", () => {
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
  });

  it("shows a self-signed certificate of the key that is the identity", () => {
    const certificate = new X509Certificate(low.certificate);
    expect(identityOf(certificate)).to.equal(low.id);
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
    expect(networkIdentity(new Uint8Array(32).fill(1)).id).to.be.oneOf(identities.map(({ id }) => id));
  });

  it("never takes another for the peer it called", async () => {
    const imposter = peers({ identity: third, listen: LOCAL });
    await imposter.start(() => {});
    const caller = peers({ identity: low, peers: new Map([[high.id, { ...LOCAL, port: imposter.port }]]) });
    await caller.start(() => {});
    await handshakes(imposter, 3, "connection");
    expect(caller.connected()).to.deep.equal([]);
  });

  it("lets nobody in without a certificate, and no more strangers than allowed", async () => {
    const server = peers({ identity: high, listen: LOCAL, maxStrangers: 1 });
    await server.start(() => {});
    const bare = connect({ ...LOCAL, port: server.port, rejectUnauthorized: false });
    await new Promise((resolve) => bare.on("error", () => {}).once("close", resolve));
    const at = new Map([[high.id, { ...LOCAL, port: server.port }]]);
    const [first, second] = [peers({ identity: low, peers: at }), peers({ identity: third, peers: at })];
    await first!.start(() => {});
    await eventually(() => server.connected().length === 1);
    await second!.start(() => {});
    await handshakes(server, 1);
    expect(server.connected()).to.deep.equal([low.id]);
  });

  it("cuts off a peer whose frame is over the limit", async () => {
    const server = peers({ identity: high, listen: LOCAL, maxFrameBytes: 1_000 });
    let frames = 0;
    await server.start(() => frames++);
    const at = new Map([[high.id, { ...LOCAL, port: server.port }]]);
    const caller = peers({ identity: low, peers: at });
    await caller.start(() => {});
    await eventually(() => caller.connected().length === 1);
    const { links } = (caller as unknown as { links: { links: Map<string, { channel: object }> } }).links;
    const before = links.get(high.id)!.channel;
    caller.send(high.id, new Uint8Array(1_001), "bulk");
    await eventually(() => links.has(high.id) && links.get(high.id)!.channel !== before);
    expect(frames).to.equal(0);
  });

  it("bounds what waits for a peer", async () => {
    const [a, b] = await pair();
    const small = peers({ ...(a as unknown as { options: TlsPeersOptions }).options, queueBytes: 1_000 });
    await b.start(() => {});
    await small.start(() => {});
    await eventually(() => small.connected().length === 1);
    const sent = Array.from({ length: 5 }, () => small.send(b.self, new Uint8Array(400), "bulk"));
    expect(sent).to.deep.equal([true, true, false, false, false]);
  });

  it("calls a lost peer again", async () => {
    const [a, b] = await pair();
    const got: number[] = [];
    await a.start(() => {});
    await b.start((_, frame) => got.push(frame[0]!));
    await eventually(() => a.connected().length === 1);
    await b.stop();
    await eventually(() => a.connected().length === 0);
    await b.start((_, frame) => got.push(frame[0]!));
    await eventually(() => a.send(high.id, Uint8Array.of(5), "urgent") && got.length > 0);
    expect(got[0]).to.equal(5);
  });
});
