import { createServer, type Server, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { QuorateError } from "../../protocol/errors.ts";
import type { PrometheusMetrics } from "./prometheus.ts";

export interface MetricsServer {
  /** Where the page is, e.g. http://127.0.0.1:9101/metrics. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Serves the metrics page, and nothing else, at `GET /metrics`. A port of its own keeps it away from those who may
 * reach a miner's HTTP API.
 * @param port 0: any free port
 * @throws QuorateError HOST_NOT_LOOPBACK, PORT_IN_USE, HOST_UNAVAILABLE
 */
export async function serveMetrics(
  metrics: Pick<PrometheusMetrics, "page" | "contentType">,
  { host, port, allowRemote }: { host: string; port: number; allowRemote: boolean },
): Promise<MetricsServer> {
  const isLoopback = host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
  if (!isLoopback && !allowRemote)
    throw new QuorateError(
      "HOST_NOT_LOOPBACK",
      `metrics on ${host} can be reached from other hosts; allow that explicitly or listen on 127.0.0.1`,
      { host },
    );
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") end(response, 404, "GET /metrics\n");
    else void answer(metrics, response);
  });
  await listen(server, host, port);
  const bound = (server.address() as { port: number }).port;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}/metrics`, stop };
}

async function answer(
  { page, contentType }: Pick<PrometheusMetrics, "page" | "contentType">,
  response: ServerResponse,
): Promise<void> {
  try {
    const text = await page();
    end(response, 200, text, contentType);
  } catch {
    end(response, 500, "the metrics could not be collected\n");
  }
}

function end(response: ServerResponse, status: number, text: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE";
      const message = taken
        ? `port ${port} of ${host} is in use by another process; choose another --metrics-port`
        : `cannot listen on ${host}:${port}: ${cause.message}`;
      const code = taken ? "PORT_IN_USE" : "HOST_UNAVAILABLE";
      reject(new QuorateError(code, message, { host, port }, { cause }));
    });
    server.listen(port, host, () => resolve());
  });
}
