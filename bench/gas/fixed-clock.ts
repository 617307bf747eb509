import hre from "hardhat";
import type { JsonRpcRequest, JsonRpcResponse } from "hardhat/types/providers";

/** Time of the first block of every measured chain. */
export const GENESIS = new Date("2030-01-01T00:00:00Z");

/** What makes a simulated chain add a block. */
const MINES = new Set(["eth_sendTransaction", "eth_sendRawTransaction", "hardhat_mine", "evm_mine"]);

let installed = false;
let requests = 0;

/**
 * Makes block times depend on the blocks alone: each is one second after the last unless the caller set its time.
 * Times go into block hashes, these into opening hashes, these into draws and signatures, and a signature with another
 * number of zero bytes costs other gas. Applies to every simulated chain of this process; the chain must also start at
 * `GENESIS`.
 */
export function fixClock(): void {
  if (installed) return;
  installed = true;
  const set = new WeakSet<object>();
  hre.hooks.registerHandlers("network", {
    async onRequest(context, connection, request, next) {
      if (request.method === "evm_setNextBlockTimestamp") set.add(connection);
      if (MINES.has(request.method) && !set.delete(connection)) {
        const send = (method: string, params: unknown[]) => next(context, connection, call(method, params));
        const latest = await timeOf(await send("eth_getBlockByNumber", ["latest", false]));
        await send("evm_setNextBlockTimestamp", [`0x${(latest + 1n).toString(16)}`]);
      }
      return next(context, connection, request);
    },
  });
}

function call(method: string, params: unknown[]): JsonRpcRequest {
  requests += 1;
  return { jsonrpc: "2.0", id: 1_000_000_000 + requests, method, params };
}

async function timeOf(response: JsonRpcResponse): Promise<bigint> {
  if (!("result" in response))
    throw new Error(`the chain does not tell its latest block: ${response.error.message}`);
  return BigInt((response.result as { timestamp: string }).timestamp);
}
