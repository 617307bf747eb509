import type { Command } from "commander";
import type { Cli } from "../command.ts";
import { adminCommand } from "./admin.ts";

/** `quorate miner exit`: leave at the next opening; the stake unbonds from then on. */
export function minerExitCommand(cli: Cli): Command {
  return adminCommand(
    cli,
    { name: "exit", summary: "leave with the whole stake, which can be withdrawn after the unbonding delay" },
    async (admin) => ({
      sent: await admin.requestExit(),
      text: `${admin.account} leaves at the next opening; its node must go on until then`,
    }),
  );
}
