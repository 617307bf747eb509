import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BaseContract, Contract, type Provider, type Signer, type Wallet } from "ethers";
import { createKeystore, loadWallet } from "../../coordinator/adapters/keys/keystore.ts";
import type { Deployment } from "../../coordinator/cli/deployment.ts";
import type { ReadArtifact } from "./artifact.ts";
import { mined, type Sender } from "./mined.ts";

/** Who pays for a federation's set-up, and where the federation is. */
export interface Funder extends Sender {
  readonly signer: Signer & { readonly provider: Provider };
  readonly artifact: ReadArtifact;
  readonly deployment: Deployment;
  readonly log: (line: string) => void;
}

/** A user made by the scripts: a keystore with a password file next to it. */
export interface User {
  readonly folder: string;
  readonly keystore: string;
  readonly passwordFile: string;
  readonly wallet: Wallet;
}

/** Private keys on a real network deserve the full cost of scrypt; local ones are play money. */
export interface UserOptions {
  readonly fast: boolean;
}

/** The user of a folder; its key is made if it is not there yet. */
export async function userIn(folder: string, { fast }: UserOptions): Promise<User> {
  const keystore = join(folder, "key.json");
  const passwordFile = join(folder, "password");
  mkdirSync(folder, { recursive: true });
  if (!existsSync(keystore)) {
    const password = randomBytes(24).toString("base64url");
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    await createKeystore(keystore, password, { fast });
  }
  return {
    folder,
    keystore,
    passwordFile,
    wallet: await loadWallet({ keystorePath: keystore, passwordFile }),
  };
}

/** A deployed contract of the federation, called by `runner`. */
export async function contractAt(
  funder: Funder,
  name: string,
  runner: Signer = funder.signer,
): Promise<Contract> {
  const { abi } = await funder.artifact(name);
  return new Contract(await addressOf(funder, name), abi, runner);
}

async function addressOf(funder: Funder, name: string): Promise<string> {
  const deployed = funder.deployment.contracts[name];
  if (deployed) return deployed.address;
  // The token may be one that existed before the federation.
  const registry = await contractAt(funder, "MinerRegistry");
  return registry.token!();
}

/** Tops an account up to `wanted` wei. */
export async function fundEther(funder: Funder, account: string, wanted: bigint): Promise<void> {
  const balance = await funder.signer.provider.getBalance(account);
  if (balance * 2n >= wanted) return;
  const sent = await funder.signer.sendTransaction({ to: account, value: wanted - balance });
  await mined(funder, sent, "sendEther");
}

/** Tops an account up to `wanted` of the token's smallest unit. */
export async function fundTokens(funder: Funder, account: string, wanted: bigint): Promise<void> {
  const token = await contractAt(funder, "FederationToken");
  const balance: bigint = await token.balanceOf!(account);
  if (balance >= wanted) return;
  await send(funder, token, "transfer", account, wanted - balance);
}

/** Sends a transaction, waits until it is mined and records it; a revert throws. */
export async function send(
  sender: Sender,
  contract: BaseContract,
  method: string,
  ...args: unknown[]
): Promise<void> {
  await mined(sender, await contract.getFunction(method)(...args), method);
}
