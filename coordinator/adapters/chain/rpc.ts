import { FetchRequest, JsonRpcProvider, Network } from "ethers";
import { QuorateError } from "../../protocol/errors.ts";

/** One RPC request may take this long, milliseconds. */
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * A provider of one RPC URL. The chain id is asked first and never again.
 * @throws QuorateError RPC_UNREACHABLE, CHAIN_MISMATCH if `chainId` is given and the node is on another chain
 */
export async function connectRpc(rpcUrl: string, chainId?: bigint): Promise<JsonRpcProvider> {
  const found = await askChainId(rpcUrl);
  if (chainId !== undefined && found !== chainId)
    throw new QuorateError(
      "CHAIN_MISMATCH",
      `${rpcUrl} is on chain ${found}, expected ${chainId}; check the RPC URL or the chain id`,
      { rpcUrl, expected: chainId, actual: found },
    );
  return new JsonRpcProvider(request(rpcUrl), Network.from(found), {
    // ethers holds a batch back for 10 ms, and repeats an answer for 250 ms; both slow a node that polls.
    batchMaxCount: 1,
    cacheTimeout: -1,
    staticNetwork: Network.from(found),
    pollingInterval: 100,
  });
}

/** Asked with a plain request: a provider that does not know its network retries for ever when nobody listens. */
async function askChainId(rpcUrl: string): Promise<bigint> {
  const ask = request(rpcUrl);
  ask.body = { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] };
  try {
    const response = await ask.send();
    response.assertOk();
    return BigInt(response.bodyJson.result);
  } catch (error) {
    throw new QuorateError(
      "RPC_UNREACHABLE",
      `no chain answers at ${rpcUrl}: ${(error as Error).message}; check the RPC URL and that the node runs`,
      { rpcUrl },
      { cause: error },
    );
  }
}

function request(rpcUrl: string): FetchRequest {
  const request = new FetchRequest(rpcUrl);
  request.timeout = REQUEST_TIMEOUT_MS;
  return request;
}
