// Makes clients with keys of their own: npx hardhat run scripts/register-clients.ts --network localhost
//
//   CLIENTS  how many (default 3)
import { join } from "node:path";
import { registerClients } from "./federation/members.ts";
import { funderOf, integerFromEnv, runScript } from "./federation/script.ts";

await runScript(async (context) => {
  const folder = join(context.runsFolder, "clients");
  await registerClients(await funderOf(context), {
    folder,
    count: integerFromEnv("CLIENTS", 3, 1_000),
    ether: context.local ? 10n ** 19n : 5n * 10n ** 16n,
    fast: context.local,
  });
  console.log(`keys and passwords are in ${folder}/<number>/`);
});
