import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Provider, Signer } from "ethers";
import hre from "hardhat";
import { openFileLedger } from "../../coordinator/adapters/ledger/file-ledger.ts";
import { LEDGER_FILE } from "../../coordinator/cli/connect.ts";
import { type Deployment, readDeployment } from "../../coordinator/cli/deployment.ts";
import type { GasLedger } from "../../coordinator/ports/ledger.ts";
import { isQuorateError, QuorateError } from "../../coordinator/protocol/errors.ts";
import type { Funder } from "./accounts.ts";
import { hardhatArtifacts } from "./artifact.ts";

/** Chain ids of development chains, whose money is play money. */
const LOCAL_CHAINS = [31_337n, 1_337n];

/** What a script run by `npx hardhat run … --network NAME` works with. */
export interface ScriptContext {
  readonly network: string;
  readonly signer: Signer & { readonly provider: Provider };
  readonly local: boolean;
  readonly deploymentPath: string;
  /** Keys, task files and data of this network: runs/<network>. */
  readonly runsFolder: string;
  /** runs/<network>/gas.jsonl: what the scripts' own transactions cost. */
  readonly ledger: GasLedger;
}

/** Runs a script's body; a known error is printed as `error CODE: message`, and the exit code is 1. */
export async function runScript(body: (context: ScriptContext) => Promise<void>): Promise<void> {
  let ledger: GasLedger | undefined;
  try {
    const { ethers, networkName } = await hre.network.getOrCreate();
    const [signer] = await ethers.getSigners();
    if (!signer)
      throw new QuorateError(
        "KEY_MISSING",
        `network ${networkName} has no account: set QUORATE_PRIVATE_KEY to the deployer's key`,
      );
    const { chainId } = await ethers.provider.getNetwork();
    const root = hre.config.paths.root;
    const runsFolder = relative(process.cwd(), join(root, "runs", networkName));
    await mkdir(runsFolder, { recursive: true });
    ledger = await openFileLedger(join(runsFolder, LEDGER_FILE));
    await body({
      network: networkName,
      signer: signer as unknown as ScriptContext["signer"],
      local: LOCAL_CHAINS.includes(chainId),
      deploymentPath: join(root, "deployments", `${networkName}.json`),
      runsFolder,
      ledger,
    });
  } catch (error) {
    if (isQuorateError(error)) console.error(`error ${error.code}: ${error.message}`);
    else console.error(error);
    process.exitCode = 1;
  } finally {
    await ledger?.close();
  }
}

/** The account that pays, with the finished deployment of the network. */
export async function funderOf(context: ScriptContext): Promise<Funder> {
  const deployment: Deployment = readDeployment(context.deploymentPath);
  if (!deployment.complete)
    throw new QuorateError("DEPLOYMENT_MALFORMED", `${context.deploymentPath} is not complete: deploy first`);
  const { signer, ledger } = context;
  return { signer, ledger, artifact: await hardhatArtifacts(), deployment, log: console.log };
}

/** A whole number from the environment. */
export function integerFromEnv(name: string, fallback: number, max = 1_000_000): number {
  const text = process.env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new QuorateError("USAGE", `${name}=${text} is not a whole number from 1 to ${max}`, { name, text });
  return value;
}
