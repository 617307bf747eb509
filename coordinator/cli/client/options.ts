import type { Command } from "commander";
import type { Hex } from "../../protocol/bytes.ts";
import type { WriterOptions } from "../connect.ts";
import { addChainOptions, addFolderOption, addJsonOption, addKeyOptions, parseAddress } from "../options.ts";

/** Options of every client command. */
export interface ClientOptions extends WriterOptions {
  /** Identity address; the key's own unless a signing key was registered for another account. */
  readonly client?: Hex;
  readonly json?: boolean;
}

export function addClientOptions(command: Command): Command {
  addFolderOption(addJsonOption(addKeyOptions(addChainOptions(command))));
  return command.option(
    "--client <address>",
    "identity of the client, if the key signs for another account",
    parseAddress,
  );
}
