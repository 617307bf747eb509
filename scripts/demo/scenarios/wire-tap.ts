import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";

/** What passed between a miner and somebody who asked it for something. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly request: string;
  readonly response: string;
}

/** Stands between a miner's registered endpoint and the port its process listens at, and passes everything on. */
export interface WireTap {
  close(): Promise<void>;
}

/** Longer bodies are files and uploads: they pass, and are not kept. */
const KEPT_BYTES = 1_000_000;

export interface WireTapOptions {
  /** Gets every exchange whose bodies are JSON, once the answer is complete. */
  readonly seen?: (exchange: Exchange) => void;
  /** Paths for which the miner looks as if it were gone. */
  readonly refuses?: (path: string) => boolean;
}

/** Listens at `port` and passes requests on to `target`, both on loopback. */
export async function openWireTap(
  port: number,
  target: number,
  { seen = () => {}, refuses = () => false }: WireTapOptions,
): Promise<WireTap> {
  const server = createServer((incoming, outgoing) => {
    if (refuses(incoming.url ?? "/")) outgoing.destroy();
    else pass({ incoming, outgoing, target, seen });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { close: () => close(server) };
}

interface Passing {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly target: number;
  readonly seen: (exchange: Exchange) => void;
}

function pass({ incoming, outgoing, target, seen }: Passing): void {
  const { method = "GET", url: path = "/", headers } = incoming;
  const forward = request({ host: "127.0.0.1", port: target, method, path, headers, agent: false });
  // A miner that is gone looks like one: the connection ends without an answer.
  const cut = () => void outgoing.destroy();
  forward.on("error", cut);
  incoming.on("error", () => void forward.destroy());
  outgoing.on("close", () => void (outgoing.writableFinished || forward.destroy()));
  const sent = keep(incoming);
  incoming.pipe(forward);
  forward.on("response", (answer) => {
    const received = keep(answer);
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.on("error", cut);
    answer.on("end", () => seen({ method, path, request: sent(), response: received() }));
    answer.pipe(outgoing);
  });
}

/** Collects a JSON body while it passes. */
function keep(message: IncomingMessage): () => string {
  const isJson = /json/.test(message.headers["content-type"] ?? "");
  const chunks: Buffer[] = [];
  let length = 0;
  if (isJson)
    message.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= KEPT_BYTES) chunks.push(chunk);
    });
  return () => (length <= KEPT_BYTES ? Buffer.concat(chunks).toString("utf8") : "");
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
