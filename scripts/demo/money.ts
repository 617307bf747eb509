import { contractAt } from "../federation/accounts.ts";
import type { Money } from "./checks.ts";
import type { DemoFederation } from "./federation.ts";

/** Where slashed stake goes, less the finder's bounty: an address nobody owns. */
const SLASHED = "0x000000000000000000000000000000000000dEaD";

/** Who has how many tokens, and what the contracts say they hold; all of it in one block, whatever goes on. */
export async function readMoney({ funder, provider, miners, clients }: DemoFederation): Promise<Money> {
  const at = { blockTag: await provider.getBlockNumber() };
  const token = await contractAt(funder, "FederationToken");
  const registry = await contractAt(funder, "MinerRegistry");
  const pot = await contractAt(funder, "RewardDistributor");
  const balanceOf = (account: string): Promise<bigint> => token.balanceOf!(account, at);
  const registryBalance = await balanceOf(await registry.getAddress());
  const potBalance = await balanceOf(await pot.getAddress());
  const proofs = await contractAt(funder, "FaultProofs");
  const bonds = await balanceOf(await proofs.getAddress());
  const users = [...miners, ...clients].map(({ wallet }) => wallet.address);
  const balances = await Promise.all([SLASHED, funder.deployment.deployer, ...users].map(balanceOf));
  return {
    supply: await token.totalSupply!(at),
    balances: balances.reduce((sum, value) => sum + value, registryBalance + potBalance + bonds),
    registryBalance,
    staked: await registry.totalHeld!(at),
    potBalance,
    funded: await pot.funded!(at),
    claimed: await pot.totalClaimed!(at),
  };
}
