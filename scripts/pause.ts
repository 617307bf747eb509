// Holds a federation, or lets it go on: npx hardhat run scripts/pause.ts --network localhost
// Only for the account that the AccessManager allows it. No window runs while it is held; see docs/operations.md.
//
//   RESUME  1 ends the pause
import { pauseFederation } from "./federation/pause.ts";
import { funderOf, runScript } from "./federation/script.ts";

await runScript(async (context) => pauseFederation(await funderOf(context), process.env.RESUME === "1"));
