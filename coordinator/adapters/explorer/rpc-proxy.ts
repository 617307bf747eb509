import type { IncomingMessage, ServerResponse } from "node:http";
import { QuorateError } from "../../protocol/errors.ts";

/** Methods a reader needs. Nothing here signs, sends, mines or changes the node. */
export const READ_METHODS: ReadonlySet<string> = new Set([
  "eth_blockNumber",
  "eth_call",
  "eth_chainId",
  "eth_gasPrice",
  "eth_getBalance",
  "eth_getBlockByHash",
  "eth_getBlockByNumber",
  "eth_getCode",
  "eth_getLogs",
  "eth_getTransactionByHash",
  "eth_getTransactionCount",
  "eth_getTransactionReceipt",
  "net_version",
  "web3_clientVersion",
]);

/** Bytes of one request, calls in one batch, and time for the node's answer. */
const MAX_REQUEST_BYTES = 512 * 1024;
const MAX_BATCH = 100;
const NODE_TIMEOUT_MS = 30_000;

interface Call {
  readonly id?: unknown;
  readonly method?: unknown;
}

/** Passes a JSON-RPC request on to the node if all its methods only read, and the node's answer back. */
export async function proxyRpc(
  request: IncomingMessage,
  response: ServerResponse,
  rpcUrl: string,
): Promise<void> {
  const body = await readBody(request, MAX_REQUEST_BYTES);
  const refused = refusal(body);
  if (refused) return sendJson(response, 200, refused);
  let answer: Response;
  try {
    answer = await fetch(rpcUrl, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      redirect: "error",
      signal: AbortSignal.timeout(NODE_TIMEOUT_MS),
    });
  } catch (cause) {
    throw new QuorateError("RPC_UNREACHABLE", "the node does not answer", {}, { cause });
  }
  const text = await answer.text();
  response.writeHead(answer.ok ? 200 : 502, { "content-type": "application/json" }).end(text);
}

/** What to answer instead of asking the node; undefined if the request only reads. */
function refusal(body: string): unknown {
  let calls: readonly Call[];
  try {
    const parsed = JSON.parse(body);
    calls = Array.isArray(parsed) ? parsed : [parsed];
  } catch {
    return rpcError(null, -32700, "the request is not JSON");
  }
  if (calls.length > MAX_BATCH) return rpcError(null, -32600, `a batch holds at most ${MAX_BATCH} calls`);
  const wrong = calls.find((call) => typeof call?.method !== "string" || !READ_METHODS.has(call.method));
  if (wrong === undefined) return undefined;
  const method = String(wrong?.method).slice(0, 60);
  return rpcError(wrong?.id ?? null, -32601, `${method} is not among the methods this explorer passes on`);
}

function rpcError(id: unknown, code: number, message: string) {
  return { jsonrpc: "2.0", id, error: { code, message } };
}

async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > limit)
      throw new QuorateError("BODY_TOO_LARGE", `a request holds at most ${limit} bytes`, { limit });
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
