// Makes miners with keys of their own, each with a stake: npx hardhat run scripts/stake-miners.ts --network localhost
//
//   MINERS     how many (default 2)
//   STAKE      whole tokens each (default 1000)
//   BASE_PORT  endpoints are http://127.0.0.1:<BASE_PORT + 1>, + 2, … (default 9000)
//   ENDPOINTS  or name them, comma-separated
import { join } from "node:path";
import { stakeMiners } from "./federation/members.ts";
import { funderOf, integerFromEnv, runScript } from "./federation/script.ts";

await runScript(async (context) => {
  const miners = integerFromEnv("MINERS", 2, 64);
  const basePort = integerFromEnv("BASE_PORT", 9_000, 65_000);
  const endpoints =
    process.env.ENDPOINTS?.split(",") ??
    Array.from({ length: miners }, (_, i) => `http://127.0.0.1:${basePort + 1 + i}`);
  const folder = join(context.runsFolder, "miners");
  await stakeMiners(await funderOf(context), {
    folder,
    endpoints,
    stake: BigInt(integerFromEnv("STAKE", 1_000, 1_000_000_000)) * 10n ** 18n,
    ether: context.local ? 10n ** 19n : 10n ** 17n,
    fast: context.local,
  });
  console.log(`keys and passwords are in ${folder}/<number>/`);
});
