import type { Command } from "commander";
import type { AdminWriter } from "../../adapters/chain/admin-writer.ts";
import type { Sent } from "../../ports/chain.ts";
import { withCleanup } from "../cleanup.ts";
import { type Cli, subcommand } from "../command.ts";
import { type OpenWriter, openWriter, type WriterOptions } from "../connect.ts";
import { toJson } from "../io.ts";
import { addChainOptions, addFolderOption, addJsonOption, addKeyOptions } from "../options.ts";
import { formatTransaction } from "../text.ts";

export interface AdminOptions extends WriterOptions {
  readonly json?: boolean;
}

/** What a transaction of a miner's owner did, in words. */
export interface AdminResult {
  readonly sent: Sent;
  readonly text: string;
}

/** A subcommand that sends one transaction of a miner's owner. */
export function adminCommand<Options extends AdminOptions>(
  cli: Cli,
  spec: { name: string; summary: string; addOptions?: (command: Command) => unknown },
  act: (admin: AdminWriter, options: Options, open: OpenWriter) => Promise<AdminResult>,
): Command {
  const addOptions = (command: Command) => {
    addFolderOption(addJsonOption(addKeyOptions(addChainOptions(command))));
    spec.addOptions?.(command);
  };
  return subcommand<Options>(cli, { ...spec, addOptions }, (options, { io }) =>
    withCleanup(async (cleanup) => {
      const { createAdminWriter } = await import("../../adapters/chain/admin-writer.ts");
      const open = await openWriter(options, io, cleanup);
      const admin = createAdminWriter({ reader: open.chain, wallet: open.wallet, ledger: open.ledger });
      const { sent, text } = await act(admin, options, open);
      io.out(
        options.json
          ? toJson({ account: admin.account, ...sent })
          : `${text} (${formatTransaction(open.chain.connection.chainId, sent.hash)}, ${sent.gasUsed} gas)`,
      );
      return undefined;
    }),
  );
}
