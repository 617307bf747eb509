import { createPrivateKey } from "node:crypto";
import { isIP } from "node:net";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { tcp } from "@libp2p/tcp";
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { createLibp2p, type Libp2p } from "libp2p";
import { base58btc } from "multiformats/bases/base58";
import type { FrameHandler, PeerId, PeerTransport } from "../../ports/peer-transport.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { NetworkIdentity } from "./identity.ts";
import { type LinkLimits, Links } from "./links.ts";
import type { Address } from "./tls.ts";

type Connection = Awaited<ReturnType<Libp2p["dial"]>>;
type Stream = Awaited<ReturnType<Connection["newStream"]>>;

export interface Libp2pPeersOptions extends LinkLimits {
  readonly identity: NetworkIdentity;
  /** Left out by a client: it only calls. */
  readonly listen?: Address;
  readonly peers: ReadonlyMap<PeerId, Address>;
  /** Connections of identities that are no peers (clients), at most. */
  readonly maxStrangers?: number;
}

const PROTOCOL = "/quorate/praft/1";
/** Identity multihash of 36 bytes over a protobuf: key type 1 (Ed25519), 32 bytes of key (libp2p specs, peer-ids). */
const PEER_ID_HEAD = Buffer.from("002408011220", "hex");
const STRANGERS = 256;
/** Milliseconds until a lost peer is called again; doubled each time up to the second. */
const RETRY = [50, 2_000] as const;
/** Milliseconds a call may take until its stream is open. */
const HANDSHAKE = 10_000;
/** Connections a second from one host, and those in handshakes: many replicas may share one. */
const INBOUND = { inboundConnectionThreshold: 256, maxIncomingPendingConnections: 256 };

/**
 * libp2p streams: Noise over TCP, multiplexed by yamux. A peer's identity is the same as over TLS, and libp2p's own name for it
 * follows from that. Of two peers that listen the one with the lower identity calls, so that there is one connection.
 */
export class Libp2pPeers implements PeerTransport {
  readonly self: PeerId;
  private readonly options: Libp2pPeersOptions;
  private readonly links: Links;
  private node: Libp2p | undefined;
  private running = new AbortController();

  constructor(options: Libp2pPeersOptions) {
    this.options = options;
    this.self = options.identity.id;
    this.links = new Links(options);
  }

  /** Where it listens; the port is the system's choice if 0 was asked for. */
  get port(): number {
    const own = this.node?.getMultiaddrs()[0];
    return own ? Number(/\/tcp\/(\d+)/.exec(own.toString())?.[1] ?? 0) : 0;
  }

  /** @throws QuorateError PEER_LISTEN */
  async start(handler: FrameHandler): Promise<void> {
    const { listen, peers } = this.options;
    this.running = new AbortController();
    this.links.handler = handler;
    const node = await this.createNode();
    this.node = node;
    await node.handle(PROTOCOL, (stream, connection) => this.welcome(stream, connection));
    try {
      await node.start();
    } catch (cause) {
      await node.stop();
      const { host, port } = listen ?? { host: "", port: 0 };
      const why = (cause as Error).message;
      throw new QuorateError("PEER_LISTEN", `cannot listen on ${host}:${port}: ${why}`, { host, port });
    }
    for (const [id, address] of peers)
      if (id !== this.self && (!listen || this.self < id)) void this.keepCalling(node, id, address);
  }

  send(to: PeerId, frame: Uint8Array, priority: "urgent" | "bulk"): boolean {
    return this.links.send(to, frame, priority);
  }

  connected(): readonly PeerId[] {
    return this.links.ids();
  }

  async stop(): Promise<void> {
    this.links.handler = undefined;
    this.running.abort();
    this.links.clear();
    await this.node?.stop();
    this.node = undefined;
  }

  private async createNode(): Promise<Libp2p> {
    const { identity, listen, peers, maxStrangers = STRANGERS } = this.options;
    const { d: seed } = createPrivateKey(identity.key).export({ format: "jwk" });
    return createLibp2p({
      start: false,
      privateKey: await generateKeyPairFromSeed("Ed25519", Buffer.from(seed!, "base64url")),
      addresses: { listen: listen ? [addressOf(listen)] : [] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      // A lost connection may be noticed only after its peer has made another.
      connectionManager: { ...INBOUND, maxConnections: 4 * (peers.size + maxStrangers) },
      connectionGater: { denyInboundEncryptedConnection: (peer) => !this.admits(identityOf(peer)) },
    });
  }

  /** Who has proven its identity: peers, and so many strangers. */
  private admits(id: PeerId | undefined): boolean {
    const { peers, maxStrangers = STRANGERS } = this.options;
    if (!id || id === this.self) return false;
    const known = this.node?.getConnections().map(({ remotePeer }) => identityOf(remotePeer)) ?? [];
    return (
      peers.has(id) || known.filter((each) => each === undefined || !peers.has(each)).length < maxStrangers
    );
  }

  private welcome(stream: Stream, connection: Connection): void {
    const id = identityOf(connection.remotePeer);
    if (id) this.open(id, stream, connection);
  }

  /** Calls a peer, and again whenever the connection is lost, until this side stops. */
  private async keepCalling(node: Libp2p, id: PeerId, address: Address): Promise<void> {
    const { signal } = this.running;
    const at = multiaddr(`${addressOf(address)}/p2p/${peerName(id)}`);
    let wait: number = RETRY[0];
    while (!signal.aborted) {
      const called = await this.call(node, id, { at, signal }).catch(() => false);
      wait = called ? RETRY[0] : Math.min(2 * wait, RETRY[1]);
      if (!signal.aborted) await pause(wait, signal);
    }
  }

  /** Resolves with true when a connection that was made is lost; the handshake proves that the peer is this one. */
  private async call(
    node: Libp2p,
    id: PeerId,
    { at, signal }: { readonly at: Multiaddr; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const limits = { signal: AbortSignal.any([signal, AbortSignal.timeout(HANDSHAKE)]) };
    const connection = await node.dial(at, limits);
    if (identityOf(connection.remotePeer) !== id) {
      connection.abort(new Error("another peer"));
      return false;
    }
    const stream = await connection.newStream(PROTOCOL, limits);
    await new Promise<void>((resolve) => {
      stream.addEventListener("close", () => resolve(), { once: true });
      this.open(id, stream, connection);
    });
    return true;
  }

  private open(id: PeerId, stream: Stream, connection: Connection): void {
    const { received, closed } = this.links.open(id, {
      get gone() {
        return stream.writeStatus !== "writable";
      },
      write(bytes, drained) {
        const more = stream.send(bytes);
        if (!more) stream.addEventListener("drain", drained, { once: true });
        return more;
      },
      close: () => connection.abort(new Error("closed")),
    });
    stream.addEventListener("message", ({ data }) => received(Buffer.from(data.subarray())));
    stream.addEventListener("close", closed, { once: true });
  }
}

/** libp2p's name for the peer with this Ed25519 key. */
function peerName(id: PeerId): string {
  return base58btc.encode(Buffer.concat([PEER_ID_HEAD, Buffer.from(id, "hex")])).slice(1);
}

/** Undefined for a peer whose key is no Ed25519 key. */
function identityOf(peer: Connection["remotePeer"]): PeerId | undefined {
  return peer.type === "Ed25519" ? Buffer.from(peer.publicKey.raw).toString("hex") : undefined;
}

function addressOf({ host, port }: Address): string {
  const kind = { 4: "ip4", 6: "ip6" }[isIP(host)] ?? "dns";
  return `/${kind}/${host}/tcp/${port}`;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
