import type { Command } from "commander";
import type { Cli } from "../command.ts";
import { type AdminOptions, adminCommand } from "./admin.ts";

interface Options extends AdminOptions {
  readonly newKeystore: string;
  readonly newPasswordFile?: string;
}

/** `quorate miner key`: another voting key from the next opening on; both keys are needed, the new one to accept. */
export function minerKeyCommand(cli: Cli): Command {
  return adminCommand<Options>(
    cli,
    {
      name: "key",
      summary: "vote with another key from the next round on; stake and pay stay with the owner",
      addOptions: (command) =>
        command
          .requiredOption("--new-keystore <file>", "keystore of the new voting key")
          .option("--new-password-file <file>", "its password (else QUORATE_NEW_PASSWORD)"),
    },
    async (admin, { newKeystore, newPasswordFile }) => {
      const { loadWallet } = await import("../../adapters/keys/keystore.ts");
      const password = newPasswordFile
        ? { passwordFile: newPasswordFile }
        : { passwordEnv: "QUORATE_NEW_PASSWORD" };
      const key = await loadWallet(
        { keystorePath: newKeystore, ...password },
        cli.io.env as NodeJS.ProcessEnv,
      );
      const sent = await admin.setKey(key);
      return { sent, text: `${admin.account} votes with ${key.address} from the next round on` };
    },
  );
}
