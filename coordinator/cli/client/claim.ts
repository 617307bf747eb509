import type { Command } from "commander";
import type { Hex } from "../../protocol/bytes.ts";
import { isQuorateError } from "../../protocol/errors.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openNetwork, openWriter } from "../connect.ts";
import { toJson } from "../io.ts";
import { formatTokens, formatTransaction } from "../text.ts";
import { addClientOptions, type ClientOptions } from "./options.ts";

/** `quorate client claim`: one transaction for everything that final rounds owe. */
export function clientClaimCommand(cli: Cli): Command {
  return subcommand<ClientOptions>(
    cli,
    {
      name: "claim",
      summary: "claim everything that final rounds owe to the client",
      addOptions: addClientOptions,
    },
    (options, { io }) =>
      withCleanup(async (cleanup) => {
        const { claimPayout } = await import("../../client/claim-payout.ts");
        const { chain, wallet } = await openWriter(options, io, cleanup);
        const { content } = await openNetwork(chain, {}, cleanup);
        const client = options.client ?? (wallet.address as Hex);
        try {
          const result = await claimPayout({ chain, content, client });
          if (options.json) io.out(toJson(result));
          else if (result.sent)
            io.out(
              `claimed ${formatTokens(result.paid)} tokens in ${formatTransaction(chain.connection.chainId, result.sent.hash)} (${result.sent.gasUsed} gas)`,
            );
          else io.out("nothing to claim");
        } catch (error) {
          if (!isQuorateError(error, "NOTHING_FINAL")) throw error;
          io.out(
            options.json
              ? toJson({ paid: 0n, cumulative: 0n, sent: null })
              : `nothing to claim: ${error.message}`,
          );
        }
        return undefined;
      }),
  );
}
