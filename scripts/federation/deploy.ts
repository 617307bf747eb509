import { existsSync, renameSync } from "node:fs";
import { Contract, ContractFactory, getCreateAddress, type Provider, type Signer } from "ethers";
import type { DeployedContract, Deployment } from "../../coordinator/cli/deployment.ts";
import type { Rule } from "../../coordinator/protocol/aggregation/rule.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { contractRule } from "../../coordinator/protocol/faults/judge.ts";
import type { ReadArtifact } from "./artifact.ts";
import { assertCode, assertSameArguments, toPlain } from "./deploy-checks.ts";
import { loadDeploymentOf, saveDeployment, sourceCommit } from "./deployment-file.ts";
import { mined, type Sender } from "./mined.ts";
import type { Profile } from "./parameters.ts";
import type { TaskRecord } from "./task-files.ts";

export interface DeployOptions extends Sender {
  readonly signer: Signer & { readonly provider: Provider };
  readonly artifact: ReadArtifact;
  /** Name of the network and path of its deployment file. */
  readonly network: string;
  readonly path: string;
  readonly profile: Profile;
  readonly task: TaskRecord;
  /** The task's: what FaultProofs recomputes. */
  readonly rule: Rule;
  readonly taskFolder: string;
  /** An ERC-20 that exists already, in place of a new FederationToken. */
  readonly token?: Hex;
  /** Move an existing file aside and deploy anew. */
  readonly fresh?: boolean;
  readonly log: (line: string) => void;
}

const TOKEN_CAP = 1_000_000_000n * 10n ** 18n;
const TOKEN_SUPPLY = 10_000_000n * 10n ** 18n;
const SAMPLE_CAP = 1_000_000;
const CONSENSUS = "RoundConsensus";
/** Deployed right after the consensus, which knows its address before. */
const FAULT_PROOFS = "FaultProofs";
/** Deployed for one consensus address, which is predicted from the deployer's nonce. */
const WIRED = ["MinerRegistry", "ClientRegistry", "RewardDistributor"] as const;

interface Addresses {
  readonly deployer: Hex;
  readonly consensus: Hex;
  readonly faultProofs: Hex;
  readonly token: Hex;
  readonly of: (name: string) => Hex;
}

interface Step {
  readonly name: string;
  readonly args: (addresses: Addresses) => readonly unknown[];
}

/**
 * Deploys a federation, writing the deployment file after every contract: a second call goes on where the first one
 * stopped, and checks code and arguments of what is there.
 * @throws QuorateError DEPLOYMENT_OTHER_CHAIN, DEPLOYMENT_DIFFERS, DEPLOYMENT_CODE
 */
export async function deployFederation(options: DeployOptions): Promise<Deployment> {
  let deployment = await startOrResume(options);
  const plan = steps(options);
  await assertCode(options, deployment.contracts);
  deployment = await dropUnreachable(options, deployment, plan);
  const predicted = await predictedAddresses(options, deployment, plan);
  for (const step of plan) {
    const args = toPlain(step.args(addressesOf(options, deployment, predicted)));
    const recorded = deployment.contracts[step.name];
    if (recorded) {
      assertSameArguments(options.path, step.name, recorded.arguments, args);
      options.log(`${step.name.padEnd(18)} ${recorded.address} (already deployed)`);
      continue;
    }
    const contract = await deployOne(options, step.name, args);
    options.log(`${step.name.padEnd(18)} ${contract.address} (block ${contract.block})`);
    deployment = { ...deployment, contracts: { ...deployment.contracts, [step.name]: contract } };
    saveDeployment(options.path, deployment);
  }
  if (deployment.complete) return deployment;
  const parts = await partsOf(options, deployment);
  deployment = { ...deployment, contracts: { ...deployment.contracts, ...parts }, complete: true };
  saveDeployment(options.path, deployment);
  return deployment;
}

function steps({ profile, task, rule, token }: DeployOptions): Step[] {
  const newToken: Step = {
    name: "FederationToken",
    args: ({ deployer }) => ["Quorate Token", "QRT", TOKEN_CAP, deployer, TOKEN_SUPPLY],
  };
  return [
    { name: "AccessManager", args: ({ deployer }) => [deployer] },
    ...(token ? [] : [newToken]),
    { name: "MinerRegistry", args: ({ token: address, consensus }) => [address, consensus] },
    {
      name: "ClientRegistry",
      args: ({ of, consensus }) => [of("AccessManager"), consensus, false, SAMPLE_CAP],
    },
    {
      name: "RewardDistributor",
      args: ({ token: address, consensus }) => [address, consensus, profile.ringSlots + 1],
    },
    {
      name: CONSENSUS,
      args: ({ of, faultProofs }) => [
        of("AccessManager"),
        {
          minerRegistry: of("MinerRegistry"),
          clientRegistry: of("ClientRegistry"),
          rewardDistributor: of("RewardDistributor"),
          faultProofs,
        },
        task,
        profile.parameters,
        profile.ringSlots,
      ],
    },
    {
      name: FAULT_PROOFS,
      args: ({ of }) => [{ consensus: of(CONSENSUS), rule: contractRule(rule), leafBond: profile.leafBond }],
    },
  ];
}

async function startOrResume(options: DeployOptions): Promise<Deployment> {
  const { signer, path, fresh } = options;
  const genesis = await signer.provider.getBlock(0);
  const { chainId } = await signer.provider.getNetwork();
  const chain = { chainId: String(chainId), genesisBlock: genesis?.hash as Hex };
  if (fresh && existsSync(path)) {
    renameSync(path, `${path}.old`);
    options.log(`moved ${path} to ${path}.old`);
  }
  const found = loadDeploymentOf(path, chain);
  if (found) return found;
  return {
    network: options.network,
    ...chain,
    commit: sourceCommit(),
    deployer: (await signer.getAddress()) as Hex,
    taskHash: options.task.taskHash,
    taskFolder: options.taskFolder,
    complete: false,
    contracts: {},
  };
}

function addressesOf(options: DeployOptions, deployment: Deployment, predicted: Predicted): Addresses {
  const of = (name: string) => deployment.contracts[name]?.address as Hex;
  return { deployer: deployment.deployer, ...predicted, token: options.token ?? of("FederationToken"), of };
}

type Predicted = Pick<Addresses, "consensus" | "faultProofs">;

/** Where both are, or will be if the missing contracts are deployed one after the other from now on. */
async function predictedAddresses(
  options: DeployOptions,
  deployment: Deployment,
  plan: Step[],
): Promise<Predicted> {
  const from = await options.signer.getAddress();
  const next = await options.signer.getNonce();
  const missing = plan.map(({ name }) => name).filter((name) => !deployment.contracts[name]);
  const addressOf = (name: string) => {
    const nonce = next + Math.max(0, missing.indexOf(name));
    return deployment.contracts[name]?.address ?? (getCreateAddress({ from, nonce }) as Hex);
  };
  return { consensus: addressOf(CONSENSUS), faultProofs: addressOf(FAULT_PROOFS) };
}

/** Contracts that wait for another one at an address that can't be reached any more are deployed again. */
async function dropUnreachable(
  options: DeployOptions,
  deployment: Deployment,
  plan: Step[],
): Promise<Deployment> {
  const { consensus, faultProofs } = await predictedAddresses(options, deployment, plan);
  const waiting = (name: string, address: Hex) => {
    const recorded = deployment.contracts[name];
    return recorded && !JSON.stringify(recorded.arguments).includes(address);
  };
  const alone = waiting(CONSENSUS, faultProofs);
  if (!alone && !WIRED.some((name) => waiting(name, consensus))) return deployment;
  options.log(
    "the deployer sent other transactions meanwhile: registries, distributor and what follows are deployed again",
  );
  const dropped: readonly string[] = [...WIRED, CONSENSUS, FAULT_PROOFS];
  const kept = Object.entries(deployment.contracts).filter(([name]) => !dropped.includes(name));
  return { ...deployment, contracts: Object.fromEntries(kept) };
}

async function deployOne(
  options: DeployOptions,
  name: string,
  args: readonly unknown[],
): Promise<DeployedContract> {
  const { abi, bytecode } = await options.artifact(name);
  const transaction = await new ContractFactory(abi, bytecode, options.signer)
    .deploy(...args)
    .then(async (contract) => {
      const sent = contract.deploymentTransaction()!;
      await mined(options, sent, "deploy");
      return sent;
    })
    .catch((cause: Error) => {
      const why = cause.message.split("\n")[0];
      throw new QuorateError(
        "DEPLOYMENT_FAILED",
        `${name} was not deployed: ${why}`,
        { name, args },
        { cause },
      );
    });
  const receipt = await options.signer.provider.getTransactionReceipt(transaction.hash);
  if (!receipt?.contractAddress)
    throw new QuorateError("DEPLOYMENT_FAILED", `the deployment of ${name} was not mined`, { name });
  return {
    address: receipt.contractAddress as Hex,
    transaction: receipt.hash as Hex,
    block: receipt.blockNumber,
    arguments: args,
  };
}

/** The consensus deploys the code it delegates to, the client registry its lens, the miner registry the one of checkpoints. */
async function partsOf(
  { signer, artifact }: DeployOptions,
  { contracts }: Deployment,
): Promise<Record<"RoundLens" | "RoundRecovery" | "CheckpointRegistry", DeployedContract>> {
  const part = async (
    parent: string,
    getter: string,
    args: readonly unknown[],
  ): Promise<DeployedContract> => {
    const { abi } = await artifact(parent);
    const recorded = contracts[parent]!;
    const address = await new Contract(recorded.address, abi, signer)[getter]!();
    return { ...recorded, address, arguments: args };
  };
  const [consensus, miners] = [contracts[CONSENSUS]!, contracts.MinerRegistry!];
  const [, wiring, , , ringSlots] = consensus.arguments;
  return {
    RoundLens: await part("ClientRegistry", "lens", [consensus.address]),
    RoundRecovery: await part(CONSENSUS, "recovery", [wiring, ringSlots]),
    CheckpointRegistry: await part("MinerRegistry", "checkpoints", [miners.address]),
  };
}
