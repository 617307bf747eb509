import type { AbiFunction } from "viem";
import { decodeFunctionResult, encodeFunctionData } from "viem/utils";
import { type Hex, sameHex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { type AbiIndex, type AbiItem, indexAbis } from "./decode.ts";
import { quantity, type Rpc } from "./rpc.ts";
import type { RawBlock } from "./types.ts";

/** What the explorer's server knows before anyone asks the chain. */
interface ServerBook {
  readonly network: string | null;
  readonly node: string;
  /** Where files come from; null if nowhere. */
  readonly content: string | null;
  readonly consensus: Hex;
  readonly chainId: string | null;
  readonly genesisBlock: Hex | null;
  readonly commit: string | null;
  readonly deployer: Hex | null;
  readonly deployments: Readonly<Record<string, Deployed>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly abis: Readonly<Record<string, readonly AbiItem[]>>;
}

export interface Deployed {
  readonly address: Hex;
  readonly transaction: Hex;
  readonly block: number;
  readonly arguments: readonly unknown[];
}

/** A federation on a chain that answers. */
export interface Federation extends ServerBook {
  readonly rpc: Rpc;
  readonly abi: AbiIndex;
  readonly chain: bigint;
  /** Name of the node's software. */
  readonly software: string;
  readonly genesis: Hex;
  /** Addresses by contract name. */
  readonly addresses: Readonly<Record<string, Hex>>;
  readonly token: { readonly symbol: string; readonly decimals: number };
  readonly validationSize: number;
  readonly firstBlock: number;
  /** Calls a reading function of one of the contracts. */
  call<T>(contract: string, method: string, ...args: readonly unknown[]): Promise<T>;
}

/**
 * Finds the federation's contracts from its RoundConsensus.
 * @param base where the explorer's server is, if not where the page is
 * @throws QuorateError NODE_DOWN, WRONG_CHAIN, CHAIN_RESET, CONTRACT_MISSING
 */
export async function connect(rpc: Rpc, base = ""): Promise<Federation> {
  const book = await readBook(base);
  const [chainId, genesis, software] = await Promise.all([
    rpc<Hex>("eth_chainId"),
    rpc<RawBlock | null>("eth_getBlockByNumber", "0x0", false).catch(() => null),
    rpc<string>("web3_clientVersion").catch(() => "unknown software"),
  ]);
  checkChain(book, BigInt(chainId), genesis?.hash ?? null);
  const addresses: Record<string, Hex> = { RoundConsensus: book.consensus };
  const call = caller(rpc, book.abis, addresses);
  await find(book, addresses, call);
  const [symbol, decimals, task, firstBlock] = await Promise.all([
    call<string>("FederationToken", "symbol").catch(() => "tokens"),
    call<number>("FederationToken", "decimals").catch(() => 18),
    call<{ validationSize: number }>("RoundConsensus", "task"),
    findFirstBlock(rpc, book),
  ]);
  return {
    ...book,
    rpc,
    abi: indexAbis(Object.values(book.abis)),
    chain: BigInt(chainId),
    software,
    genesis: genesis?.hash ?? "0x",
    addresses,
    token: { symbol: symbol.slice(0, 12), decimals },
    validationSize: Number(task.validationSize),
    firstBlock,
    call,
  };
}

async function readBook(base: string): Promise<ServerBook> {
  const response = await fetch(`${base}federation.json`).catch(() => null);
  if (!response?.ok)
    throw new QuorateError(
      "SERVER_DOWN",
      "The explorer's own server does not answer: start quorate explorer.",
    );
  return response.json();
}

function checkChain(book: ServerBook, chain: bigint, genesis: Hex | null): void {
  if (book.chainId !== null && BigInt(book.chainId) !== chain)
    throw new QuorateError(
      "WRONG_CHAIN",
      `The node is on chain ${chain}, but the deployment file says ${book.chainId}. Point --rpc at the right node.`,
    );
  if (book.genesisBlock && genesis && !sameHex(book.genesisBlock, genesis))
    throw new QuorateError(
      "CHAIN_RESET",
      "The chain is not the one the deployment file was written on: it was reset since. Deploy again.",
    );
}

type Call = Federation["call"];

function caller(rpc: Rpc, abis: ServerBook["abis"], addresses: Readonly<Record<string, Hex>>): Call {
  return async <T>(contract: string, method: string, ...args: readonly unknown[]) => {
    const abi = abis[contract]!.filter(
      (item): item is AbiFunction => item.type === "function" && item.name === method,
    );
    const data = encodeFunctionData({ abi, functionName: method, args });
    const result = await rpc<Hex>("eth_call", { to: addresses[contract], data }, "latest");
    return decodeFunctionResult({ abi, functionName: method, data: result }) as T;
  };
}

async function find(book: ServerBook, addresses: Record<string, Hex>, call: Call): Promise<void> {
  const missing = new QuorateError(
    "CONTRACT_MISSING",
    `There is no RoundConsensus at ${book.consensus} on this chain. Deploy first, or check --rpc and --contract.`,
  );
  try {
    const [wiring, lens, recovery] = await Promise.all([
      call<Record<string, Hex>>("RoundConsensus", "wiring"),
      call<Hex>("RoundConsensus", "lens"),
      call<Hex>("RoundConsensus", "recovery"),
    ]);
    addresses.RoundLens = lens;
    addresses.RoundRecovery = recovery;
    addresses.MinerRegistry = wiring.minerRegistry!;
    addresses.ClientRegistry = wiring.clientRegistry!;
    addresses.RewardDistributor = wiring.rewardDistributor!;
    addresses.FaultProofs = wiring.faultProofs!;
    addresses.CheckpointRegistry = await call<Hex>("MinerRegistry", "checkpoints");
    addresses.FederationToken = await call<Hex>("MinerRegistry", "token");
  } catch (error) {
    if ((error as QuorateError).code === "NODE_DOWN") throw error;
    throw missing;
  }
  const manager = book.deployments.AccessManager;
  if (manager) addresses.AccessManager = manager.address;
}

/** Places asked at once in the search for the first block: few round trips, whatever the chain's length. */
const PROBES = 32;

/** From the deployment file, else by looking for the first block that has the contract; 0 if the node has forgotten old state. */
async function findFirstBlock(rpc: Rpc, book: ServerBook): Promise<number> {
  const known = Object.values(book.deployments).map(({ block }) => block);
  if (known.length > 0) return Math.min(...known);
  let [low, high] = [0, Number(await rpc<Hex>("eth_blockNumber"))];
  try {
    while (low < high) {
      const step = Math.max(1, Math.ceil((high - low) / PROBES));
      const places = Array.from({ length: PROBES }, (_, i) => low + i * step).filter((place) => place < high);
      // A contract's nonce is 1 from its creation on (EIP-161): an answer a thousand times shorter than its code.
      const nonces = await Promise.all(
        places.map((place) => rpc<Hex>("eth_getTransactionCount", book.consensus, quantity(place))),
      );
      const first = nonces.findIndex((nonce) => BigInt(nonce) > 0n);
      const last = first < 0 ? places.length - 1 : first - 1;
      if (first >= 0) high = places[first]!;
      low = last < 0 ? high : places[last]! + 1;
    }
    // The registries come before the consensus, with events in their constructors.
    return Math.max(0, low - REGISTRIES_BEFORE);
  } catch {
    return 0;
  }
}

/** Blocks before the consensus in which its registries may have been deployed. */
const REGISTRIES_BEFORE = 1_000;
