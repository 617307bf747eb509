import { expect } from "chai";
import { networkIdentity } from "../../../coordinator/adapters/peers/identity.ts";
import { Libp2pPeers, type Libp2pPeersOptions } from "../../../coordinator/adapters/peers/libp2p.ts";
import { eventually, peerTransportSuite } from "../../ports/peer-transport.suite.ts";

const LOCAL = { host: "127.0.0.1", port: 0 };
const [low, high, third] = [1, 2, 3]
  .map((i) => networkIdentity(new Uint8Array(32).fill(i)))
  .toSorted((a, b) => (a.id < b.id ? -1 : 1)) as [Identity, Identity, Identity];
type Identity = ReturnType<typeof networkIdentity>;

const running: Libp2pPeers[] = [];
function peers(options: Omit<Libp2pPeersOptions, "peers"> & Partial<Libp2pPeersOptions>): Libp2pPeers {
  const transport = new Libp2pPeers({ peers: new Map(), ...options });
  running.push(transport);
  return transport;
}

/** The one that is called listens once before, so that its port is known. */
async function pair(): Promise<[Libp2pPeers, Libp2pPeers]> {
  const probe = peers({ identity: high, listen: LOCAL });
  await probe.start(() => {});
  const address = { ...LOCAL, port: probe.port };
  await probe.stop();
  const called = peers({ identity: high, listen: address, peers: new Map([[low.id, LOCAL]]) });
  return [peers({ identity: low, listen: LOCAL, peers: new Map([[high.id, address]]) }), called];
}

peerTransportSuite("libp2p", pair);

describe("libp2p between peers", () => {
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
  });

  it("never takes another for the peer it called", async () => {
    const imposter = peers({ identity: third, listen: LOCAL });
    await imposter.start(() => {});
    const at = { ...LOCAL, port: imposter.port };
    const caller = peers({ identity: low, peers: new Map([[high.id, at]]) });
    const right = peers({ identity: low, peers: new Map([[third.id, at]]) });
    await caller.start(() => {});
    await right.start(() => {});
    await eventually(() => right.connected().length === 1);
    expect(right.connected()).to.deep.equal([third.id]);
    expect(caller.connected()).to.deep.equal([]);
  });

  it("lets in no more strangers than allowed", async () => {
    const server = peers({ identity: high, listen: LOCAL, maxStrangers: 1 });
    await server.start(() => {});
    const at = new Map([[high.id, { ...LOCAL, port: server.port }]]);
    const [first, second] = [peers({ identity: low, peers: at }), peers({ identity: third, peers: at })];
    await first.start(() => {});
    await eventually(() => server.connected().length === 1);
    const door = server as unknown as { admits: (id: string) => boolean };
    const admits = door.admits.bind(server);
    const knocks: boolean[] = [];
    door.admits = (id) => {
      knocks.push(admits(id));
      return knocks.at(-1)!;
    };
    await second.start(() => {});
    await eventually(() => knocks.length >= 2);
    expect(knocks).not.to.include(true);
    expect(server.connected()).to.deep.equal([low.id]);
  });

  it("cuts off a peer whose frame is over the limit, and is called again", async () => {
    const server = peers({ identity: high, listen: LOCAL, maxFrameBytes: 1_000 });
    const got: number[] = [];
    await server.start((_, frame) => got.push(frame.length));
    const at = new Map([[high.id, { ...LOCAL, port: server.port }]]);
    const caller = peers({ identity: low, peers: at });
    await caller.start(() => {});
    await eventually(() => caller.send(high.id, new Uint8Array(1_001), "bulk"));
    await eventually(() => caller.connected().length === 0);
    await eventually(() => caller.send(high.id, new Uint8Array(7), "bulk"));
    await eventually(() => got.length > 0);
    expect(got).to.deep.equal([7]);
  });

  it("says where it cannot listen", async () => {
    const first = peers({ identity: high, listen: LOCAL });
    await first.start(() => {});
    const second = peers({ identity: low, listen: { ...LOCAL, port: first.port } });
    const error = await second.start(() => {}).catch((thrown) => thrown);
    expect(error.code).to.equal("PEER_LISTEN");
  });
});
