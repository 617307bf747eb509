import type { Socket } from "node:net";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import type { FrameHandler, PeerId, PeerTransport } from "../../ports/peer-transport.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { Inbox, Outbox } from "./framing.ts";
import { identityOf, type NetworkIdentity } from "./identity.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface TlsPeersOptions {
  readonly identity: NetworkIdentity;
  /** Left out by a client: it only calls. */
  readonly listen?: Address;
  readonly peers: ReadonlyMap<PeerId, Address>;
  /** Connections of identities that are no peers (clients), at most. */
  readonly maxStrangers?: number;
  /** Bytes waiting for one peer, per priority. */
  readonly queueBytes?: number;
  readonly maxFrameBytes?: number;
}

const QUEUE_BYTES = 64 * 2 ** 20;
const FRAME_BYTES = 16 * 2 ** 20;
const STRANGERS = 256;
/** Bytes of one write to the socket. */
const WRITE_BYTES = 256 * 1_024;
/** Milliseconds until a lost peer is called again; doubled each time up to the second. */
const RETRY = [50, 2_000] as const;
/** Milliseconds a handshake may take. */
const HANDSHAKE = 10_000;

interface Link {
  readonly socket: TLSSocket;
  readonly outbox: Outbox;
  scheduled: boolean;
}

/**
 * TLS 1.3 over TCP. Both sides show a certificate, and a peer is whoever proves its key: no authority is asked. Of two
 * peers that listen the one with the lower identity calls, so that there is one connection.
 */
export class TlsPeers implements PeerTransport {
  readonly self: PeerId;
  private readonly options: TlsPeersOptions;
  private readonly links = new Map<PeerId, Link>();
  /** All that is open, in handshakes too. */
  private readonly sockets = new Set<Socket>();
  private readonly retries = new Map<PeerId, NodeJS.Timeout>();
  private handler: FrameHandler | undefined;
  private server: Server | undefined;

  constructor(options: TlsPeersOptions) {
    this.options = options;
    this.self = options.identity.id;
  }

  /** Where it listens; the port is the system's choice if 0 was asked for. */
  get port(): number {
    const address = this.server?.address();
    return address && typeof address === "object" ? address.port : 0;
  }

  /** @throws QuorateError PEER_LISTEN */
  async start(handler: FrameHandler): Promise<void> {
    this.handler = handler;
    if (this.options.listen) await this.listen(this.options.listen);
    for (const [id, address] of this.options.peers) {
      if (id !== this.self && (!this.options.listen || this.self < id)) this.call(id, address, RETRY[0]);
    }
  }

  send(to: PeerId, frame: Uint8Array, priority: "urgent" | "bulk"): boolean {
    const link = this.links.get(to);
    if (!link || frame.length > (this.options.maxFrameBytes ?? FRAME_BYTES)) return false;
    const queued = link.outbox.push(frame, priority);
    if (queued && !link.scheduled) {
      link.scheduled = true;
      setImmediate(() => this.write(link));
    }
    return queued;
  }

  connected(): readonly PeerId[] {
    return [...this.links.keys()];
  }

  async stop(): Promise<void> {
    this.handler = undefined;
    for (const timer of this.retries.values()) clearTimeout(timer);
    for (const socket of this.sockets) socket.destroy();
    this.links.clear();
    const { server } = this;
    if (server?.listening) await new Promise((resolve) => server.close(resolve));
  }

  private secrets() {
    const { key, certificate: cert } = this.options.identity;
    // No authority signs these certificates: `identityOf` and the set of peers decide instead.
    return { key, cert, minVersion: "TLSv1.3", rejectUnauthorized: false } as const;
  }

  private async listen({ host, port }: Address): Promise<void> {
    const server = createServer({ ...this.secrets(), requestCert: true, handshakeTimeout: HANDSHAKE });
    server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.once("close", () => this.sockets.delete(socket));
    });
    server.on("secureConnection", (socket) => this.welcome(socket));
    server.on("tlsClientError", () => {});
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) => {
        reject(
          new QuorateError("PEER_LISTEN", `cannot listen on ${host}:${port}: ${cause.message}`, {
            host,
            port,
          }),
        );
      });
      server.listen(port, host, resolve);
    });
  }

  private welcome(socket: TLSSocket): void {
    const id = identityOf(socket.getPeerX509Certificate());
    const strangers = [...this.links.keys()].filter((each) => !this.options.peers.has(each)).length;
    const full = strangers >= (this.options.maxStrangers ?? STRANGERS);
    if (!id || id === this.self || (full && !this.options.peers.has(id) && !this.links.has(id))) {
      socket.on("error", () => {}).destroy();
    } else this.open(id, socket);
  }

  private call(id: PeerId, address: Address, wait: number): void {
    if (!this.handler) return;
    const socket = connect({
      ...this.secrets(),
      ...address,
      timeout: HANDSHAKE,
      checkServerIdentity: () => undefined,
    });
    this.sockets.add(socket);
    let next = Math.min(2 * wait, RETRY[1]);
    socket.once("secureConnect", () => {
      if (identityOf(socket.getPeerX509Certificate()) !== id) return void socket.destroy();
      [next] = RETRY;
      this.open(id, socket.setTimeout(0));
    });
    socket.on("timeout", () => socket.destroy());
    socket.on("error", () => {});
    socket.once("close", () => {
      this.sockets.delete(socket);
      if (this.handler)
        this.retries.set(
          id,
          setTimeout(() => this.call(id, address, next), wait),
        );
    });
  }

  private open(id: PeerId, socket: TLSSocket): void {
    // The newest connection counts: the other side has noticed that the one before is lost.
    this.links.get(id)?.socket.destroy();
    const link: Link = {
      socket,
      outbox: new Outbox(this.options.queueBytes ?? QUEUE_BYTES),
      scheduled: false,
    };
    this.links.set(id, link);
    const inbox = new Inbox(this.options.maxFrameBytes ?? FRAME_BYTES);
    socket.setNoDelay(true).setKeepAlive(true, 10_000);
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      const frames = inbox.push(bytes);
      if (!frames) socket.destroy();
      else for (const frame of frames) if (this.links.get(id) === link) this.handler?.(id, frame);
    });
    socket.once("close", () => {
      if (this.links.get(id) === link) this.links.delete(id);
    });
  }

  /** One write in a turn; the next when the socket has taken it. */
  private write(link: Link): void {
    const bytes = link.socket.destroyed ? undefined : link.outbox.take(WRITE_BYTES);
    link.scheduled = bytes !== undefined;
    if (!bytes) return;
    if (link.socket.write(bytes)) setImmediate(() => this.write(link));
    else link.socket.once("drain", () => this.write(link));
  }
}
