import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Hex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";

/** One deployed contract, as scripts/deploy.ts records it. */
export interface DeployedContract {
  readonly address: Hex;
  readonly transaction: Hex;
  readonly block: number;
  /** Constructor arguments, integers as decimal strings. */
  readonly arguments: readonly unknown[];
}

/** deployments/<network>.json. */
export interface Deployment {
  readonly network: string;
  readonly chainId: string;
  /** Hash of block 0: tells a chain that was reset from the one the contracts are on. */
  readonly genesisBlock: Hex;
  /** Commit of the sources, with "-dirty" appended if they were changed. */
  readonly commit: string;
  readonly deployer: Hex;
  /** Digest of the task file, and the folder that holds it with its validation set. */
  readonly taskHash: Hex;
  readonly taskFolder: string;
  readonly complete: boolean;
  readonly contracts: Readonly<Record<string, DeployedContract>>;
}

/** The checkout. */
export const PROJECT_FOLDER = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** deployments/<network>.json under the working folder if it is there, else under the project's folder. */
export function deploymentPath(network: string): string {
  const here = resolve("deployments", `${network}.json`);
  return existsSync(here) ? here : join(PROJECT_FOLDER, "deployments", `${network}.json`);
}

/**
 * Reads a deployment file.
 * @throws QuorateError DEPLOYMENT_MISSING, DEPLOYMENT_MALFORMED
 */
export function readDeployment(path: string): Deployment {
  if (!existsSync(path))
    throw new QuorateError(
      "DEPLOYMENT_MISSING",
      `there is no ${path}: deploy first (npx hardhat run scripts/deploy.ts --network …), or name the federation with --deployment FILE or --contract ADDRESS`,
      { path },
    );
  let deployment: Deployment;
  try {
    deployment = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new QuorateError(
      "DEPLOYMENT_MALFORMED",
      `${path} is not JSON: ${(cause as Error).message}`,
      { path },
      { cause },
    );
  }
  const contracts = Object.entries(deployment.contracts ?? {});
  const wrong = contracts.find(([, contract]) => !/^0x[0-9a-fA-F]{40}$/.test(contract?.address ?? ""));
  if (!/^[0-9]+$/.test(deployment.chainId ?? "") || contracts.length === 0 || wrong)
    throw new QuorateError(
      "DEPLOYMENT_MALFORMED",
      `${path} is not a deployment file: ${wrong ? `contracts.${wrong[0]} has no address` : "chainId or contracts are missing"}`,
      { path },
    );
  return deployment;
}
