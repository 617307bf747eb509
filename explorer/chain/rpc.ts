import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";

/** Calls sent in one request. */
const BATCH = 50;

interface Pending {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Asks the node; calls made at the same moment share requests. */
export type Rpc = <T>(method: string, ...params: readonly unknown[]) => Promise<T>;

/**
 * A JSON-RPC client.
 * Its promises reject with QuorateError NODE_DOWN (nobody answers) or RPC_ERROR (the node refuses; `details.data` is
 * a revert's data).
 */
export function createRpc(url = "rpc"): Rpc {
  let waiting: Pending[] = [];
  const flush = () => {
    const calls = waiting;
    waiting = [];
    for (let i = 0; i < calls.length; i += BATCH) void send(url, calls.slice(i, i + BATCH));
  };
  return (method, ...params) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(flush);
      waiting.push({ method, params, resolve, reject });
    });
}

async function send(url: string, calls: readonly Pending[]): Promise<void> {
  const body = calls.map(({ method, params }, id) => ({ jsonrpc: "2.0", id, method, params }));
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body.length === 1 ? body[0] : body),
    });
    if (!response.ok) throw down(`the explorer's server answered ${response.status}`);
    const parsed = (await response.json()) as Answer | readonly Answer[];
    if (!Array.isArray(parsed) && calls.length > 1) throw refused(parsed as Answer, "a batch");
    const answers = new Map((Array.isArray(parsed) ? parsed : [parsed]).map((one: Answer) => [one.id, one]));
    for (const [id, call] of calls.entries()) settle(call, answers.get(id));
  } catch (error) {
    const reason = error instanceof QuorateError ? error : down((error as Error).message);
    for (const { reject } of calls) reject(reason);
  }
}

function settle({ method, resolve, reject }: Pending, answer: Answer | undefined): void {
  if (!answer || answer.error) reject(refused(answer, method));
  else resolve(answer.result as never);
}

function down(why: string): QuorateError {
  return new QuorateError("NODE_DOWN", `The node does not answer (${why}).`);
}

function refused(answer: Answer | undefined, method: string): QuorateError {
  const { message = "no answer", data } = answer?.error ?? {};
  return new QuorateError("RPC_ERROR", `The node refuses ${method}: ${message}`, { data: revertData(data) });
}

/** Nodes wrap a revert's data differently. */
function revertData(data: unknown): Hex | undefined {
  if (typeof data === "string" && /^0x[0-9a-f]*$/i.test(data)) return data as Hex;
  if (typeof data !== "object" || data === null) return undefined;
  const inner = data as { data?: unknown; result?: unknown };
  return revertData(inner.data) ?? revertData(inner.result);
}

/** A number as JSON-RPC wants it. */
export function quantity(value: number | bigint): Hex {
  return `0x${value.toString(16)}`;
}
