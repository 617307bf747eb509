// Puts pay for clients into the pot: npx hardhat run scripts/fund-rewards.ts --network localhost
//
//   ROUNDS  how many rounds' budgets (default 100)
import { fundRewards } from "./federation/members.ts";
import { funderOf, integerFromEnv, runScript } from "./federation/script.ts";

await runScript(async (context) => {
  await fundRewards(await funderOf(context), BigInt(integerFromEnv("ROUNDS", 100)));
});
