import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createSystemClock } from "../../coordinator/adapters/clock/system-clock.ts";
import { type NetworkIdentity, networkIdentity } from "../../coordinator/adapters/peers/identity.ts";
import { type Address, TlsPeers } from "../../coordinator/adapters/peers/tls.ts";
import { openFileLog } from "../../coordinator/adapters/replica-log/file-log.ts";
import { createSecp256k1Scheme } from "../../coordinator/adapters/signatures/secp256k1.ts";
import { OrderClient } from "../../coordinator/client/order.ts";
import { Replica } from "../../coordinator/node/replica.ts";
import type { Committed } from "../../coordinator/node/replica-options.ts";
import type { Config } from "../../coordinator/protocol/praft/config.ts";
import { eventually } from "../ports/peer-transport.suite.ts";
import { silentLogger } from "./parts.ts";

const scheme = createSecp256k1Scheme();
const clock = createSystemClock();
const secretOf = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Four replicas over TLS on the loopback, with real keys and logs on disk, that can be stopped and started again. */
class Cluster {
  readonly replicas: (Replica | undefined)[] = [];
  readonly operations = [0, 0, 0, 0];
  readonly identities: NetworkIdentity[] = [0, 1, 2, 3].map((i) => networkIdentity(secretOf(i)));
  readonly config: Config;
  readonly peers = new Map<string, Address>();
  folder = "";
  readonly #stops: AbortController[] = [];
  readonly #runs: Promise<void>[] = [];

  constructor() {
    const members = this.identities.map(({ id }, i) => ({
      id,
      voteKey: scheme.publicKeyOf(secretOf(i)),
      weight: 1,
    }));
    this.config = { groupId: `0x${"5a".repeat(32)}`, epoch: 0, members };
  }

  async open(): Promise<void> {
    this.folder = await mkdtemp(join(tmpdir(), "quorate-replicas-"));
    for (const identity of this.identities) {
      const probe = new TlsPeers({ identity, listen: { host: "127.0.0.1", port: 0 }, peers: new Map() });
      await probe.start(() => {});
      this.peers.set(identity.id, { host: "127.0.0.1", port: probe.port });
      await probe.stop();
    }
    for (let i = 0; i < 4; i++) await this.start(i);
  }

  async start(i: number): Promise<void> {
    const identity = this.identities[i]!;
    const transport = new TlsPeers({ identity, listen: this.peers.get(identity.id)!, peers: this.peers });
    const log = await openFileLog(join(this.folder, String(i)));
    const secretKey = secretOf(i);
    const onCommit = (commit: Committed) => (this.operations[i]! += commit.operations);
    this.operations[i] = 0;
    const replica = new Replica({
      config: this.config,
      secretKey,
      scheme,
      log,
      transport,
      clock,
      logger: silentLogger,
      onCommit,
    });
    this.replicas[i] = replica;
    this.#stops[i] = new AbortController();
    this.#runs[i] = replica.run(this.#stops[i]!.signal).finally(() => log.close());
  }

  async stop(i: number): Promise<void> {
    this.#stops[i]?.abort();
    await this.#runs[i];
  }

  async close(): Promise<void> {
    for (let i = 0; i < 4; i++) await this.stop(i);
    await rm(this.folder, { recursive: true });
  }

  async client(i: number): Promise<{ client: OrderClient; stop: () => Promise<void> }> {
    const transport = new TlsPeers({ identity: networkIdentity(secretOf(i)), peers: this.peers });
    const client = new OrderClient({ config: this.config, secretKey: secretOf(i), scheme, transport, clock });
    await client.start();
    return { client, stop: () => transport.stop() };
  }
}

describe("replicas over TLS, with keys and disks", function () {
  this.timeout(60_000);
  let signal: AbortSignal;
  let cluster: Cluster;
  beforeEach(async () => {
    signal = AbortSignal.timeout(50_000);
    cluster = new Cluster();
    await cluster.open();
  });
  afterEach(() => cluster.close());

  it("order what clients submit, go on without one of four, and take it back with its log", async () => {
    const { client, stop } = await cluster.client(9);
    expect(await client.nextSequence(signal)).to.equal(1);
    for (let n = 1; n <= 5; n++) await client.submit([bytes(`a${n}`), bytes(`b${n}`)], n, signal);
    await cluster.stop(0);
    for (let n = 6; n <= 10; n++) await client.submit([bytes(`c${n}`)], n, signal);
    await cluster.start(0);
    await client.submit([bytes("d")], 11, signal);
    await eventually(() => cluster.operations.every((count) => count === 16));
    await stop();
  });

  it("pass over what the chain says while they still read their log", async () => {
    const identity = cluster.identities[0]!;
    const log = await openFileLog(join(cluster.folder, "unread"));
    const transport = new TlsPeers({ identity, peers: cluster.peers });
    const { config } = cluster;
    const replica = new Replica({
      config,
      secretKey: secretOf(0),
      scheme,
      log,
      transport,
      clock,
      logger: silentLogger,
    });
    replica.reconfigure({ ...config, epoch: 1 });
    expect(replica.committee).to.equal(undefined);
    await log.close();
  });

  it("tell a client that comes again where it was, and never execute a sequence twice", async () => {
    const first = await cluster.client(9);
    await first.client.submit([bytes("x")], 1, signal);
    await first.stop();
    const { client, stop } = await cluster.client(9);
    expect(await client.nextSequence(signal)).to.equal(2);
    await client.submit([bytes("again")], 1, signal);
    await client.submit([bytes("y")], 2, signal);
    await eventually(() => cluster.operations.every((count) => count === 2));
    await stop();
  });
});
