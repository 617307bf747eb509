import type { Command } from "commander";
import { startJournal } from "../../adapters/journal/file-journal.ts";
import { sameHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Cli } from "../command.ts";
import { dataFolder } from "../connect.ts";
import { parseTokens, parseUrl } from "../options.ts";
import { formatTokens } from "../text.ts";
import { type AdminOptions, adminCommand } from "./admin.ts";

interface Options extends AdminOptions {
  readonly amount: bigint;
  readonly endpoint?: string;
}

/** `quorate miner stake`: registers a miner, or adds to the stake of one that is registered. */
export function minerStakeCommand(cli: Cli): Command {
  return adminCommand<Options>(
    cli,
    {
      name: "stake",
      summary: "register as a miner with a stake, or add to the stake",
      addOptions: (command) =>
        command
          .requiredOption("--amount <tokens>", "whole tokens, such as 1000", parseTokens)
          .option("--endpoint <url>", "where others reach the node; needed to register", parseUrl),
    },
    async (admin, options, { chain }) => {
      const { amount, endpoint } = options;
      const registered = (await chain.miners()).some(({ miner }) => sameHex(miner, admin.account));
      const text = `${formatTokens(amount)} tokens staked by ${admin.account}`;
      if (registered) return { sent: await admin.topUp(amount), text: `${text}, on top of what was there` };
      if (!endpoint)
        throw new QuorateError(
          "USAGE",
          "--endpoint is missing: a new miner announces where its node is reached",
        );
      await startJournal(dataFolder(options));
      const sent = await admin.registerMiner({ stake: amount, endpoint });
      return { sent, text: `${text}, active from the next round on` };
    },
  );
}
