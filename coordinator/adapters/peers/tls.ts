import type { Socket } from "node:net";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import type { FrameHandler, PeerId, PeerTransport } from "../../ports/peer-transport.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { identityOf, type NetworkIdentity } from "./identity.ts";
import { type LinkLimits, Links } from "./links.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface TlsPeersOptions extends LinkLimits {
  readonly identity: NetworkIdentity;
  /** Left out by a client: it only calls. */
  readonly listen?: Address;
  readonly peers: ReadonlyMap<PeerId, Address>;
  /** Connections of identities that are no peers (clients), at most. */
  readonly maxStrangers?: number;
}

const STRANGERS = 256;
/** Milliseconds until a lost peer is called again; doubled each time up to the second: it is back within a vote or two. */
const RETRY = [50, 500] as const;
/** Milliseconds a handshake may take. */
const HANDSHAKE = 10_000;

/**
 * TLS 1.3 over TCP. Both sides show a certificate, and a peer is whoever proves its key: no authority is asked. Of two
 * peers that listen the one with the lower identity calls, so that there is one connection.
 */
export class TlsPeers implements PeerTransport {
  readonly self: PeerId;
  private readonly options: TlsPeersOptions;
  private readonly links: Links;
  /** All that is open, in handshakes too. */
  private readonly sockets = new Set<Socket>();
  private readonly retries = new Map<PeerId, NodeJS.Timeout>();
  private server: Server | undefined;

  constructor(options: TlsPeersOptions) {
    this.options = options;
    this.self = options.identity.id;
    this.links = new Links(options);
  }

  /** Where it listens; the port is the system's choice if 0 was asked for. */
  get port(): number {
    const address = this.server?.address();
    return address && typeof address === "object" ? address.port : 0;
  }

  /** @throws QuorateError PEER_LISTEN */
  async start(handler: FrameHandler): Promise<void> {
    this.links.handler = handler;
    if (this.options.listen) await this.listen(this.options.listen);
    for (const [id, address] of this.options.peers) {
      if (id !== this.self && (!this.options.listen || this.self < id)) this.call(id, address, RETRY[0]);
    }
  }

  send(to: PeerId, frame: Uint8Array, priority: "urgent" | "bulk"): boolean {
    return this.links.send(to, frame, priority);
  }

  connected(): readonly PeerId[] {
    return this.links.ids();
  }

  async stop(): Promise<void> {
    this.links.handler = undefined;
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
    const strangers = this.links.ids().filter((each) => !this.options.peers.has(each)).length;
    const full = strangers >= (this.options.maxStrangers ?? STRANGERS);
    if (!id || id === this.self || (full && !this.options.peers.has(id) && !this.links.has(id))) {
      socket.on("error", () => {}).destroy();
    } else this.open(id, socket);
  }

  private call(id: PeerId, address: Address, wait: number): void {
    if (!this.links.handler) return;
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
      if (this.links.handler)
        this.retries.set(
          id,
          setTimeout(() => this.call(id, address, next), wait),
        );
    });
  }

  private open(id: PeerId, socket: TLSSocket): void {
    socket.setNoDelay(true).setKeepAlive(true, 10_000);
    socket.on("error", () => {});
    const { received, closed } = this.links.open(id, {
      get gone() {
        return socket.destroyed;
      },
      write(bytes, drained) {
        const more = socket.write(bytes);
        if (!more) socket.once("drain", drained);
        return more;
      },
      close: () => void socket.destroy(),
    });
    socket.on("data", received);
    socket.once("close", closed);
  }
}
