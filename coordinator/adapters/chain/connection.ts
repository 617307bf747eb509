import { Contract, type Interface, type JsonRpcProvider } from "ethers";
import type {
  FederationToken,
  ICheckpointRegistry,
  IClientRegistry,
  IFaultProofs,
  IMinerRegistry,
  IRewardDistributor,
  IRoundConsensus,
  IRoundLens,
} from "../../../types/index.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { EVENT_SOURCES } from "../../protocol/views/events.ts";
import { CONTRACT_NAMES, type ContractName, type Interfaces, loadInterfaces } from "./artifacts.ts";
import { chainError } from "./errors.ts";
import { connectRpc } from "./rpc.ts";

/** Where a federation is: one RPC URL and one contract name everything else. */
export interface ChainOptions {
  readonly rpcUrl: string;
  /** Address of RoundConsensus. */
  readonly roundConsensus: Hex;
  /** What the chain id must be, if it is known. */
  readonly chainId?: bigint;
  /** Block of the deployment; looked for if absent, which needs a node that keeps old state. */
  readonly fromBlock?: number;
  /** Folder of the compiled contracts; default is the project's own. */
  readonly artifactsFolder?: string;
}

interface Contracts {
  readonly RoundConsensus: IRoundConsensus;
  readonly RoundLens: IRoundLens;
  readonly MinerRegistry: IMinerRegistry;
  readonly ClientRegistry: IClientRegistry;
  readonly RewardDistributor: IRewardDistributor;
  readonly FaultProofs: IFaultProofs;
  readonly CheckpointRegistry: ICheckpointRegistry;
  readonly FederationToken: FederationToken;
}

/** A connected federation. */
export interface ChainConnection {
  readonly rpcUrl: string;
  readonly chainId: bigint;
  readonly provider: JsonRpcProvider;
  readonly addresses: Readonly<Record<ContractName, Hex>>;
  readonly contracts: Contracts;
  readonly interfaces: Interfaces;
  /** First block that can hold an event of the federation. */
  readonly deployBlock: number;
  /** Runs a read or transaction and turns its failure into a QuorateError; `what` names it in the message. */
  guard<T>(what: string, action: () => Promise<T>): Promise<T>;
  close(): void;
}

/**
 * Connects to a federation and finds its contracts.
 * @throws QuorateError RPC_UNREACHABLE, CHAIN_MISMATCH, CONTRACT_MISSING, ARTIFACTS_MISSING
 */
export async function connectChain(options: ChainOptions): Promise<ChainConnection> {
  const interfaces = loadInterfaces(options.artifactsFolder);
  const provider = await connectRpc(options.rpcUrl, options.chainId);
  try {
    return await findContracts(options, provider, interfaces);
  } catch (error) {
    provider.destroy();
    throw error;
  }
}

type Guard = ChainConnection["guard"];

async function findContracts(
  options: ChainOptions,
  provider: JsonRpcProvider,
  interfaces: Interfaces,
): Promise<ChainConnection> {
  const all = Object.values(interfaces);
  const guard: Guard = async (what, action) => {
    try {
      return await action();
    } catch (error) {
      throw chainError(error, what, all);
    }
  };
  const addresses = await findAddresses(options.roundConsensus, { provider, interfaces, guard });
  const contracts = Object.fromEntries(
    CONTRACT_NAMES.map((name) => [name, new Contract(addresses[name], interfaces[name], provider)]),
  ) as unknown as Contracts;
  const { rpcUrl, fromBlock } = options;
  const deployBlock = fromBlock ?? (await guard("eth_getCode", () => findDeployment(provider, addresses)));
  const { chainId } = await provider.getNetwork();
  const close = () => provider.destroy();
  return { rpcUrl, chainId, provider, addresses, contracts, interfaces, deployBlock, guard, close };
}

/** Everything else is reachable from RoundConsensus: an auditor knows no more. */
async function findAddresses(
  roundConsensus: Hex,
  { provider, interfaces, guard }: { provider: JsonRpcProvider; interfaces: Interfaces; guard: Guard },
): Promise<Record<ContractName, Hex>> {
  await guard("eth_getCode", () => requireCode(provider, "RoundConsensus", roundConsensus));
  const consensus = new Contract(
    roundConsensus,
    interfaces.RoundConsensus,
    provider,
  ) as unknown as IRoundConsensus;
  const wiring = await guard("RoundConsensus.wiring", () => consensus.wiring()).catch((error) => {
    throw error.code === "RPC_UNREACHABLE" ? error : notAConsensus(roundConsensus, error);
  });
  const lens = await guard("RoundConsensus.lens", () => consensus.lens());
  const recovery = await guard("RoundConsensus.recovery", () => consensus.recovery());
  const registry = new Contract(wiring.minerRegistry, interfaces.MinerRegistry, provider);
  const token: string = await guard("MinerRegistry.token", () => registry.getFunction("token")());
  const checkpoints: string = await guard("MinerRegistry.checkpoints", () =>
    registry.getFunction("checkpoints")(),
  );
  return {
    RoundConsensus: roundConsensus,
    RoundLens: lens as Hex,
    RoundRecovery: recovery as Hex,
    MinerRegistry: wiring.minerRegistry as Hex,
    ClientRegistry: wiring.clientRegistry as Hex,
    RewardDistributor: wiring.rewardDistributor as Hex,
    FaultProofs: wiring.faultProofs as Hex,
    CheckpointRegistry: checkpoints as Hex,
    FederationToken: token as Hex,
  };
}

/** The interfaces whose events make up a federation's history, by lower-case address. */
export function eventSources(connection: ChainConnection): ReadonlyMap<string, Interface> {
  return new Map(
    EVENT_SOURCES.map((name) => [connection.addresses[name].toLowerCase(), connection.interfaces[name]]),
  );
}

async function requireCode(provider: JsonRpcProvider, name: ContractName, address: Hex): Promise<void> {
  if ((await provider.getCode(address)) !== "0x") return;
  throw new QuorateError(
    "CONTRACT_MISSING",
    `no contract at ${address}, where ${name} should be; check the address and the chain`,
    { contract: name, address },
  );
}

function notAConsensus(address: Hex, cause: Error): QuorateError {
  return new QuorateError(
    "CONTRACT_MISSING",
    `the contract at ${address} is no RoundConsensus: ${cause.message}; check the address`,
    { contract: "RoundConsensus", address },
    { cause },
  );
}

/**
 * The first block with code of any of the contracts, by bisection; 0 if the node has forgotten old state. The
 * registries are deployed before the consensus and may have events in their constructors.
 */
async function findDeployment(
  provider: JsonRpcProvider,
  addresses: Readonly<Record<ContractName, Hex>>,
): Promise<number> {
  const latest = await provider.getBlockNumber();
  const first = async (address: Hex): Promise<number> => {
    let [low, high] = [0, latest];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await provider.getCode(address, middle)) === "0x") low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const { FederationToken: _, RoundLens: __, RoundRecovery: ___, RoundConsensus, ...registries } = addresses;
  try {
    const consensus = await first(RoundConsensus);
    // Some nodes answer wrongly about old state: the constructor's events prove the block.
    const logs = await provider.getLogs({
      address: RoundConsensus,
      fromBlock: consensus,
      toBlock: consensus,
    });
    if (logs.length === 0) return 0;
    return Math.min(consensus, ...(await Promise.all(Object.values(registries).map(first))));
  } catch {
    return 0;
  }
}
