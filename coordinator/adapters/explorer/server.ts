import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { isQuorateError, QuorateError } from "../../protocol/errors.ts";
import type { ContractBook } from "./contract-book.ts";
import type { FileLookup } from "./file-lookup.ts";
import { proxyRpc, sendJson } from "./rpc-proxy.ts";
import { loadStaticFiles, type StaticFile } from "./static-files.ts";

/** Only this machine is served. */
const HOST = "127.0.0.1";
const LOCAL_NAMES = new Set(["127.0.0.1", "localhost", "[::1]"]);

/** Nothing is loaded from, sent to or framed by any other place. */
const HEADERS = {
  "content-security-policy":
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-cache",
} as const;

export interface ExplorerOptions {
  readonly rpcUrl: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Folder of the built pages. */
  readonly folder: string;
  /** What the pages are told of the federation before they ask the chain. */
  readonly federation: Readonly<Record<string, unknown>>;
  readonly book: ContractBook;
  readonly files: FileLookup;
}

export interface ExplorerServer {
  readonly url: string;
  stop(): Promise<void>;
}

interface Context extends ExplorerOptions {
  readonly pages: ReadonlyMap<string, StaticFile>;
  /** {@link ExplorerOptions.federation}, ready to send. */
  readonly told: StaticFile;
}

/**
 * Serves the explorer's pages, the node's reading methods under /rpc, contract sources and files by digest, all from
 * one origin.
 * @throws QuorateError EXPLORER_NOT_BUILT, PORT_IN_USE
 */
export async function createExplorerServer(options: ExplorerOptions): Promise<ExplorerServer> {
  const context = { ...options, pages: loadStaticFiles(options.folder), told: jsonFile(options.federation) };
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    route(request, response, context).catch((error) => fail(response, error));
  });
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${HOST}:${port}`,
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function route(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  // A page of another site that calls itself by our address (DNS rebinding) still sends its own name.
  const name = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (!LOCAL_NAMES.has(name)) return sendJson(response, 403, { code: "HOST_NOT_LOCAL" });
  const { pathname } = new URL(request.url ?? "/", "http://local");
  if (pathname === "/rpc" && request.method === "POST") return proxyRpc(request, response, context.rpcUrl);
  if (request.method !== "GET" && request.method !== "HEAD")
    return sendJson(response, 405, { code: "METHOD_NOT_ALLOWED" });
  const page = context.pages.get(pathname);
  if (page) return sendFile(request, response, page);
  if (pathname === "/federation.json") return sendFile(request, response, context.told);
  const [, place, key = "", part = ""] = pathname.split("/");
  if (place === "source") return sendBook(request, response, context.book.sourceOf(key));
  if (place === "content" && part === "manifest")
    return sendBytes(response, await context.files.manifest(key));
  if (place === "content" && part === "size")
    return sendJson(response, 200, { size: await context.files.size(key) });
  sendJson(response, 404, { code: "NOT_FOUND", message: "there is no such page" });
}

function sendFile(request: IncomingMessage, response: ServerResponse, file: StaticFile): void {
  const compressed = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
  response.writeHead(200, {
    "content-type": file.type,
    ...(compressed && { "content-encoding": "gzip" }),
  });
  response.end(request.method === "HEAD" ? undefined : compressed ? file.gzip : file.bytes);
}

function sendBook(request: IncomingMessage, response: ServerResponse, value: unknown): void {
  sendFile(request, response, jsonFile(value));
}

function jsonFile(value: unknown): StaticFile {
  const bytes = Buffer.from(JSON.stringify(value));
  return { type: "application/json", bytes, gzip: gzipSync(bytes) };
}

function sendBytes(response: ServerResponse, bytes: Uint8Array): void {
  response.writeHead(200, { "content-type": "application/octet-stream" }).end(bytes);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const known = isQuorateError(error);
  const status = known ? (STATUS_BY_CODE[error.code] ?? 502) : 500;
  const message = known ? error.message : "the explorer's server failed";
  sendJson(response, status, { code: known ? error.code : "UNEXPECTED", message });
}

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  BAD_HEX: 400,
  BODY_TOO_LARGE: 413,
  NOT_FOUND: 404,
  CONTENT_NOT_CONFIGURED: 404,
  CONTENT_UNAVAILABLE: 404,
};

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, refuse) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const code = cause.code === "EADDRINUSE" ? "PORT_IN_USE" : "HOST_UNAVAILABLE";
      const message = `cannot listen on ${HOST}:${port}: ${cause.message}; choose another --port`;
      refuse(new QuorateError(code, message, { port }, { cause }));
    });
    server.listen(port, HOST, done);
  });
}
