import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ContractFactory, getCreateAddress, HDNodeWallet, JsonRpcProvider, Mnemonic, Wallet } from "ethers";
import hre from "hardhat";
import { FEDAVG, type Rule } from "../../../coordinator/protocol/aggregation/rule.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { contractRule } from "../../../coordinator/protocol/faults/judge.ts";

/** Hardhat's public development phrase. */
const PHRASE = Mnemonic.fromPhrase("test test test test test test test test test test test junk");
const TOKEN = 10n ** 18n;

/** Genesis of the tests' federations. */
export interface TestTask {
  readonly taskHash: Hex;
  readonly genesisModelRoot: Hex;
  readonly dimension: number;
  readonly validationSize: number;
  /** FedAvg by default. */
  readonly rule?: Rule;
}

/** Long beside what a test takes on a busy machine; tests move the chain's clock, they don't wait. */
export const TEST_PARAMETERS = {
  collectMin: 100,
  collectMax: 1000,
  proposeSlot: 1000,
  voteWindow: 1000,
  voteGrace: 500,
  challengeWindow: 500,
  answerTime: 10,
  minRoundInterval: 1,
  quorumBps: 6700,
  minConfidenceBps: 8000,
  reputationStart: 10_000,
  reputationMin: 1000,
  reputationMax: 20_000,
  reputationGain: 1000,
  reputationLoss: 500,
  absenceLimit: 3,
  roundBudget: 100n * TOKEN,
  minStake: 1000n * TOKEN,
  maxStake: 100_000n * TOKEN,
};

/** Seconds after which no phase of a round that has begun is still running. */
export const WHOLE_ROUND =
  TEST_PARAMETERS.collectMax +
  2 * TEST_PARAMETERS.proposeSlot +
  TEST_PARAMETERS.voteWindow +
  TEST_PARAMETERS.voteGrace +
  1;

/** A chain of its own behind an RPC URL. */
export interface TestChain {
  readonly rpcUrl: string;
  readonly provider: JsonRpcProvider;
  /** The `index`-th of the funded development accounts, without a provider. */
  wallet(index: number): Wallet;
  /** Moves the chain's clock on, seconds. */
  wait(seconds: number): Promise<void>;
  mine(blocks: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param chainId the development chains' 31337, if not given */
export async function startChain(chainId?: number): Promise<TestChain> {
  const override = chainId === undefined ? {} : { chainId };
  const server = await hre.network.createServer({ network: "node", override }, "127.0.0.1");
  const { port } = await server.listen();
  const rpcUrl = `http://127.0.0.1:${port}`;
  const provider = new JsonRpcProvider(rpcUrl, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
  return {
    rpcUrl,
    provider,
    wallet: (index) => new Wallet(HDNodeWallet.fromMnemonic(PHRASE, `m/44'/60'/0'/0/${index}`).privateKey),
    async wait(seconds) {
      await provider.send("evm_increaseTime", [seconds]);
      await provider.send("evm_mine", []);
    },
    async mine(blocks) {
      await provider.send("hardhat_mine", [`0x${blocks.toString(16)}`]);
    },
    async stop() {
      provider.destroy();
      await server.close();
    },
  };
}

/** A federation's contracts, deployed by account 0, which holds all tokens. Returns RoundConsensus. */
export async function deployFederation(
  chain: TestChain,
  { rule = FEDAVG, ...task }: TestTask,
  parameters: Partial<typeof TEST_PARAMETERS> = {},
): Promise<Hex> {
  const owner = chain.wallet(0).connect(chain.provider);
  let nonce = await owner.getNonce();
  const deploy = async (name: string, ...args: unknown[]): Promise<string> => {
    const folder = name === "AccessManager" ? "@openzeppelin/contracts/access/manager" : "contracts";
    const path = join(import.meta.dirname, `../../../artifacts/${folder}/${name}.sol/${name}.json`);
    const { abi, bytecode } = JSON.parse(readFileSync(path, "utf8"));
    const contract = await new ContractFactory(abi, bytecode, owner).deploy(...args, { nonce: nonce++ });
    await contract.waitForDeployment();
    return contract.getAddress();
  };
  const ringSlots = 6;
  const authority = await deploy("AccessManager", owner.address);
  const token = await deploy(
    "FederationToken",
    "Federation Token",
    "FED",
    10n ** 27n,
    owner.address,
    10n ** 27n,
  );
  const consensus = getCreateAddress({ from: owner.address, nonce: nonce + 3 });
  const minerRegistry = await deploy("MinerRegistry", token, consensus);
  const clientRegistry = await deploy("ClientRegistry", authority, consensus, false, 1_000_000);
  const rewardDistributor = await deploy("RewardDistributor", token, consensus, ringSlots + 1);
  const faultProofs = getCreateAddress({ from: owner.address, nonce: nonce + 1 });
  const deployed = await deploy(
    "RoundConsensus",
    authority,
    { minerRegistry, clientRegistry, rewardDistributor, faultProofs },
    { ...task, genesisModelCid: `0x${"00".repeat(32)}` },
    { ...TEST_PARAMETERS, ...parameters },
    ringSlots,
  );
  const leafBond = 10n * 10n ** 18n;
  await deploy("FaultProofs", { consensus: deployed, rule: contractRule(rule), leafBond });
  return deployed as Hex;
}
