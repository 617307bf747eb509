import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Interface } from "ethers";
import { QuorateError } from "../../protocol/errors.ts";

/** Where `npm run build` puts the compiled contracts. */
const DEFAULT_FOLDER = join(import.meta.dirname, "../../../artifacts/contracts");

/** The contracts of a federation. */
export const CONTRACT_NAMES = [
  "RoundConsensus",
  "RoundLens",
  "RoundRecovery",
  "MinerRegistry",
  "ClientRegistry",
  "RewardDistributor",
  "FaultProofs",
  "CheckpointRegistry",
  "FederationToken",
] as const;
export type ContractName = (typeof CONTRACT_NAMES)[number];
export type Interfaces = Readonly<Record<ContractName, Interface>>;

/**
 * The ABIs of the compiled contracts.
 * @throws QuorateError ARTIFACTS_MISSING
 */
export function loadInterfaces(folder = DEFAULT_FOLDER): Interfaces {
  const entries = CONTRACT_NAMES.map((name) => [name, new Interface(readAbi(folder, name))]);
  return Object.fromEntries(entries) as Interfaces;
}

function readAbi(folder: string, name: ContractName): string {
  const [path] = globSync(`**/${name}.sol/${name}.json`, { cwd: folder });
  try {
    if (path === undefined) throw new Error("no such file");
    return JSON.parse(readFileSync(join(folder, path), "utf8")).abi;
  } catch (error) {
    throw new QuorateError(
      "ARTIFACTS_MISSING",
      `cannot read the compiled ${name} under ${folder}: ${(error as Error).message}; run "npm run build"`,
      { contract: name, folder },
      { cause: error },
    );
  }
}
