import type { Command } from "commander";
import type { Cli } from "../command.ts";
import { adminCommand } from "./admin.ts";

/** `quorate miner withdraw`: pays out unbonded stake. */
export function minerWithdrawCommand(cli: Cli): Command {
  return adminCommand(
    cli,
    { name: "withdraw", summary: "pay out the stake once the unbonding delay is over" },
    async (admin) => ({ sent: await admin.withdraw(), text: `the stake of ${admin.account} was paid out` }),
  );
}
