import { join } from "node:path";
import type { Signer } from "ethers";
import { startJournal } from "../../coordinator/adapters/journal/file-journal.ts";
import {
  contractAt,
  type Funder,
  fundEther,
  fundTokens,
  send,
  type User,
  type UserOptions,
  userIn,
} from "./accounts.ts";

export interface MinersOptions extends UserOptions {
  /** Holds one folder per miner: 1, 2, … */
  readonly folder: string;
  /** HTTP URL of each miner's node, in order; as many miners are staked. */
  readonly endpoints: readonly string[];
  /** Stake of each, smallest unit of the token. */
  readonly stake: bigint;
  /** Wei that each account is given for gas. */
  readonly ether: bigint;
}

export interface ClientsOptions extends UserOptions {
  readonly folder: string;
  readonly count: number;
  readonly ether: bigint;
}

/** `IMinerRegistry.MinerStatus.None` and `Exited`: an account that may register. */
const MAY_REGISTER = [0n, 6n];

/** Makes a key for every miner, gives it gas and tokens, and stakes and registers it. Miners that are there are kept. */
export async function stakeMiners(funder: Funder, options: MinersOptions): Promise<User[]> {
  const miners: User[] = [];
  for (const [index, endpoint] of options.endpoints.entries()) {
    const home = join(options.folder, String(index + 1));
    const user = await userIn(home, options);
    miners.push(user);
    const owner = connected(funder, user);
    const registry = await contractAt(funder, "MinerRegistry", owner);
    const { status } = await registry.minerInfo!(user.wallet.address);
    if (!MAY_REGISTER.includes(status)) {
      funder.log(`miner ${index + 1}   ${user.wallet.address} is registered already`);
      continue;
    }
    await fundEther(funder, user.wallet.address, options.ether);
    await fundTokens(funder, user.wallet.address, options.stake);
    await send(
      funder,
      await contractAt(funder, "FederationToken", owner),
      "approve",
      await registry.getAddress(),
      options.stake,
    );
    await startJournal(home);
    await send(funder, registry, "register", options.stake, user.wallet.address, "0x", endpoint);
    funder.log(
      `miner ${index + 1}   ${user.wallet.address} staked ${options.stake / 10n ** 18n} tokens, ${endpoint}`,
    );
  }
  return miners;
}

/** Makes a key for every client, gives it gas and registers it. Clients that are there are kept. */
export async function registerClients(funder: Funder, options: ClientsOptions): Promise<User[]> {
  const clients: User[] = [];
  for (let index = 1; index <= options.count; index++) {
    const user = await userIn(join(options.folder, String(index)), options);
    clients.push(user);
    const registry = await contractAt(funder, "ClientRegistry", connected(funder, user));
    if ((await registry.ownerOfKey!(user.wallet.address)) === user.wallet.address) {
      funder.log(`client ${index}  ${user.wallet.address} is registered already`);
      continue;
    }
    await fundEther(funder, user.wallet.address, options.ether);
    await send(funder, registry, "register", user.wallet.address, "0x");
    funder.log(`client ${index}  ${user.wallet.address} registered`);
  }
  return clients;
}

/** Puts the pay of `rounds` rounds into the pot. */
export async function fundRewards(funder: Funder, rounds: bigint): Promise<bigint> {
  const lens = await contractAt(funder, "RoundLens");
  const { roundBudget } = await lens.parameters!();
  const amount = rounds * roundBudget;
  const distributor = await contractAt(funder, "RewardDistributor");
  await send(
    funder,
    await contractAt(funder, "FederationToken"),
    "approve",
    await distributor.getAddress(),
    amount,
  );
  await send(funder, distributor, "fund", amount);
  funder.log(`pot       ${amount / 10n ** 18n} tokens added: the pay of ${rounds} rounds`);
  return amount;
}

function connected(funder: Funder, user: User): Signer {
  return user.wallet.connect(funder.signer.provider);
}
