import type { Command } from "commander";
import type { Cli } from "../command.ts";
import { adminCommand } from "./admin.ts";

/** `quorate miner reactivate`: return after a deactivation. */
export function minerReactivateCommand(cli: Cli): Command {
  return adminCommand(
    cli,
    { name: "reactivate", summary: "return to the active miners at the next opening after a deactivation" },
    async (admin) => ({
      sent: await admin.reactivate(),
      text: `${admin.account} is active again from the next round on`,
    }),
  );
}
