import { contractAt } from "../federation/accounts.ts";
import type { Money } from "./checks.ts";
import type { DemoFederation } from "./federation.ts";

/** Who has how many tokens, and what the contracts say they hold. */
export async function readMoney({ funder, miners, clients }: DemoFederation): Promise<Money> {
  const token = await contractAt(funder, "FederationToken");
  const registry = await contractAt(funder, "MinerRegistry");
  const pot = await contractAt(funder, "RewardDistributor");
  const balanceOf = (account: string): Promise<bigint> => token.balanceOf!(account);
  const registryBalance = await balanceOf(await registry.getAddress());
  const potBalance = await balanceOf(await pot.getAddress());
  const people = [funder.deployment.deployer, ...[...miners, ...clients].map(({ wallet }) => wallet.address)];
  const balances = await Promise.all(people.map(balanceOf));
  return {
    supply: await token.totalSupply!(),
    balances: balances.reduce((sum, value) => sum + value, registryBalance + potBalance),
    registryBalance,
    staked: await registry.totalHeld!(),
    potBalance,
    funded: await pot.funded!(),
    claimed: await pot.totalClaimed!(),
  };
}
