import type { Command } from "commander";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { openWriter } from "../connect.ts";
import { toJson } from "../io.ts";
import { formatTransaction } from "../text.ts";
import { addClientOptions, type ClientOptions } from "./options.ts";

/** `quorate client register`: become a client from the next round on. */
export function clientRegisterCommand(cli: Cli): Command {
  return subcommand<ClientOptions>(
    cli,
    {
      name: "register",
      summary: "register the key's account as a client, from the next round on",
      addOptions: addClientOptions,
    },
    (options, { io }) =>
      withCleanup(async (cleanup) => {
        const { createAdminWriter } = await import("../../adapters/chain/admin-writer.ts");
        const { chain, wallet, ledger } = await openWriter(options, io, cleanup);
        const sent = await createAdminWriter({ reader: chain, wallet, ledger }).registerClient({});
        io.out(
          options.json
            ? toJson({ client: wallet.address, ...sent })
            : `registered ${wallet.address} in ${formatTransaction(chain.connection.chainId, sent.hash)}`,
        );
        return undefined;
      }),
  );
}
