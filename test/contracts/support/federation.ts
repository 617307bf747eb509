import type { HardhatEthers, HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { network } from "hardhat";
import type { ContractRule } from "../../../coordinator/protocol/faults/judge.ts";
import type { IRoundConsensus } from "../../../types/contracts/RoundConsensus.ts";
import type {
  ClientRegistry,
  FaultProofs,
  FederationToken,
  MinerRegistry,
  RewardDistributor,
  RoundConsensus,
  RoundLens,
} from "../../../types/index.ts";

/** 10^18: one token, and 1.0 in WAD. */
export const ONE = 10n ** 18n;
export const STAKE = 1_000n * ONE;
export const BUDGET = 100n * ONE;
export const LEAF_BOND = 10n * ONE;
export const GENESIS_ROOT = `0x${"11".repeat(32)}`;

/** Length of the first proposers' and each reserve's slot in tests, seconds. */
export const SLOT = 600n;

/** The demo's parameters with times 60 times as long: the host's clock runs on during a test. */
export const DEMO = {
  collectMin: 180n,
  collectMax: 1_200n,
  proposeSlot: SLOT,
  voteWindow: 600n,
  voteGrace: 300n,
  challengeWindow: 900n,
  answerTime: 600n,
  minRoundInterval: 60n,
  quorumBps: 6_700n,
  minConfidenceBps: 8_000n,
  reputationStart: 10_000n,
  reputationMin: 1_000n,
  reputationMax: 20_000n,
  reputationGain: 1_000n,
  reputationLoss: 500n,
  absenceLimit: 3n,
  roundBudget: BUDGET,
  minStake: STAKE,
  maxStake: 100_000n * ONE,
} satisfies IRoundConsensus.ParametersStruct;

export interface Federation {
  ethers: HardhatEthers;
  provider: Awaited<ReturnType<typeof network.create>>["provider"];
  helpers: Awaited<ReturnType<typeof network.create>>["networkHelpers"];
  admin: HardhatEthersSigner;
  /** Owners of registered miners, in order of registration (= seats after the first opening). */
  miners: HardhatEthersSigner[];
  clients: HardhatEthersSigner[];
  stranger: HardhatEthersSigner;
  token: FederationToken;
  minerRegistry: MinerRegistry;
  clientRegistry: ClientRegistry;
  distributor: RewardDistributor;
  consensus: RoundConsensus;
  lens: RoundLens;
  /** Address of the access manager. */
  manager: string;
  /** Only if a rule was given. */
  faultProofs?: FaultProofs;
}

export interface FederationOptions {
  /** Stake of each miner; one entry per miner. */
  stakes?: bigint[];
  clients?: number;
  parameters?: Partial<IRoundConsensus.ParametersStruct>;
  ringSlots?: bigint;
  fund?: bigint;
  /** Leave round 1 unopened. */
  unopened?: boolean;
  /** Time of the chain's first block; now, if absent. */
  initialDate?: Date;
  /** What the contract of fault proofs can judge; without it the stranger stands in its place. */
  rule?: ContractRule;
}

/** Deploys a federation on a fresh simulated chain, registers miners and clients, opens round 1. */
export async function deployFederation(options: FederationOptions = {}): Promise<Federation> {
  const { stakes = [STAKE, STAKE], clients = 3, ringSlots = 6n, fund = 10_000n * ONE } = options;
  const {
    ethers,
    networkHelpers: helpers,
    provider,
  } = await network.create({
    override: {
      accounts: { count: 4 + stakes.length + clients },
      ...(options.initialDate && { initialDate: options.initialDate }),
    },
  });
  const [admin, stranger, ...rest] = await ethers.getSigners();
  if (!admin || !stranger) throw new Error("the simulated network has too few accounts");
  const nonce = await admin.getNonce();
  const consensusAddress = ethers.getCreateAddress({ from: admin.address, nonce: nonce + 5 });
  const faultProofs = options.rule
    ? ethers.getCreateAddress({ from: admin.address, nonce: nonce + 6 })
    : stranger.address;
  const manager = await ethers.deployContract("AccessManager", [admin.address]);
  const managerAddress = await manager.getAddress();
  const supply = 1_000_000_000n * ONE;
  const token = await ethers.deployContract("FederationToken", ["Fed", "FED", supply, admin.address, supply]);
  const minerRegistry = await ethers.deployContract("MinerRegistry", [token, consensusAddress]);
  const clientRegistry = await ethers.deployContract("ClientRegistry", [
    managerAddress,
    consensusAddress,
    false,
    100_000,
  ]);
  const distributor = await ethers.deployContract("RewardDistributor", [
    token,
    consensusAddress,
    ringSlots + 1n,
  ]);
  const consensus = await ethers.deployContract("RoundConsensus", [
    managerAddress,
    { minerRegistry, clientRegistry, rewardDistributor: distributor, faultProofs },
    task(),
    { ...DEMO, ...options.parameters },
    ringSlots,
  ]);
  const f: Federation = {
    ethers,
    provider,
    helpers,
    admin,
    stranger,
    miners: rest.slice(0, stakes.length),
    clients: rest.slice(stakes.length, stakes.length + clients),
    token,
    minerRegistry,
    clientRegistry,
    distributor,
    consensus,
    lens: await ethers.getContractAt("RoundLens", await consensus.lens()),
    manager: managerAddress,
  };
  if (options.rule)
    f.faultProofs = await ethers.deployContract("FaultProofs", [
      { consensus, rule: options.rule, leafBond: LEAF_BOND },
    ]);
  await populate(f, stakes, fund);
  if (!options.unopened) await f.consensus.openRound();
  return f;
}

const deployed = new Map<string, { federation: Federation; snapshot: { restore(): Promise<void> } }>();

/** Like `deployFederation`, but goes back to the state after deployment if these options were deployed before. */
export async function fixture(options: FederationOptions = {}): Promise<Federation> {
  const { unopened = false, ...rest } = options;
  const key = JSON.stringify(rest, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  let known = deployed.get(key);
  if (known) {
    await known.snapshot.restore();
  } else {
    const federation = await deployFederation({ ...rest, unopened: true });
    known = { federation, snapshot: await federation.helpers.takeSnapshot() };
    deployed.set(key, known);
  }
  // Opened after the snapshot: going back in state does not set the clock back.
  if (!unopened) await known.federation.consensus.openRound();
  return known.federation;
}

/** The task every test federation is deployed with. */
export function task(): IRoundConsensus.TaskStruct {
  return {
    taskHash: `0x${"22".repeat(32)}`,
    genesisModelRoot: GENESIS_ROOT,
    genesisModelCid: `0x${"00".repeat(32)}`,
    dimension: 199_210n,
    validationSize: 6_000n,
  };
}

async function populate(f: Federation, stakes: bigint[], fund: bigint): Promise<void> {
  if (fund > 0n) {
    await f.token.approve(f.distributor, fund);
    await f.distributor.fund(fund);
  }
  for (const [i, miner] of f.miners.entries()) await registerMiner(f, miner, stakes[i] ?? STAKE);
  for (const client of f.clients) await f.clientRegistry.connect(client).register(client.address, "0x");
}

/** Gives `miner` the tokens and stakes them; active from the next opening. */
export async function registerMiner(f: Federation, miner: HardhatEthersSigner, stake: bigint): Promise<void> {
  await f.token.transfer(miner.address, stake);
  await f.token.connect(miner).approve(f.minerRegistry, stake);
  await f.minerRegistry.connect(miner).register(stake, miner.address, "0x", "http://127.0.0.1:7001");
}
