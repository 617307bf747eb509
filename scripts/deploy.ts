// Deploys a federation: npx hardhat run scripts/deploy.ts --network localhost
// It writes deployments/<network>.json after every contract, so that a second run goes on where the first one stopped.
//
//   PROFILE  demo (rounds of seconds; default on development chains) or default (rounds of minutes to hours)
//   SEED     seed of the first model (default 1)
//   TOKEN    address of an ERC-20 to stake and pay in, in place of a new FederationToken
//   FRESH    1 moves an existing deployment file aside and deploys anew
import { join } from "node:path";
import { FEDAVG } from "../coordinator/protocol/aggregation/rule.ts";
import type { Hex } from "../coordinator/protocol/bytes.ts";
import { QuorateError } from "../coordinator/protocol/errors.ts";
import { hardhatArtifacts } from "./federation/artifact.ts";
import { deployFederation } from "./federation/deploy.ts";
import { PROFILES } from "./federation/parameters.ts";
import { runScript } from "./federation/script.ts";
import { writeTaskFiles } from "./federation/task-files.ts";

await runScript(async ({ network, signer, ledger, local, deploymentPath, runsFolder }) => {
  const { PROFILE = local ? "demo" : "default", SEED = "1", TOKEN, FRESH } = process.env;
  const profile = PROFILES[PROFILE as keyof typeof PROFILES];
  if (!profile) throw new QuorateError("USAGE", `PROFILE=${PROFILE} is neither demo nor default`);
  const taskFolder = join(runsFolder, "task");
  const task = await writeTaskFiles(taskFolder, { seed: SEED, rule: FEDAVG });
  console.log(`deploying to ${network} with the ${PROFILE} profile`);
  const deployment = await deployFederation({
    signer,
    ledger,
    artifact: await hardhatArtifacts(),
    network,
    path: deploymentPath,
    profile,
    task,
    rule: FEDAVG,
    taskFolder,
    ...(TOKEN && { token: TOKEN as Hex }),
    fresh: FRESH === "1",
    log: console.log,
  });
  console.log(`task ${deployment.taskHash} in ${taskFolder}; written to ${deploymentPath}`);
});
