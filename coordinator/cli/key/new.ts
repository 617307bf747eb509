import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { QuorateError } from "../../protocol/errors.ts";
import { type Cli, subcommand } from "../command.ts";
import { toJson } from "../io.ts";
import { addJsonOption } from "../options.ts";

interface Options {
  readonly out: string;
  readonly passwordFile?: string;
  readonly json?: boolean;
}

/** `quorate key new`: a fresh key in an encrypted keystore file. */
export function keyNewCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "new",
      summary: "create a key in an encrypted keystore file; an existing file is never overwritten",
      addOptions: (command) =>
        addJsonOption(
          command
            .requiredOption("--out <file>", "keystore file to write")
            .option(
              "--password-file <file>",
              "file whose first line is the password (else QUORATE_PASSWORD)",
            ),
        ),
    },
    async (options, { io }) => {
      const password = options.passwordFile
        ? (await readFile(options.passwordFile, "utf8")).split(/\r?\n/)[0]
        : io.env.QUORATE_PASSWORD;
      if (!password)
        throw new QuorateError(
          "USAGE",
          "set QUORATE_PASSWORD or --password-file: a keystore needs a password",
        );
      const { createKeystore } = await import("../../adapters/keys/keystore.ts");
      const address = await createKeystore(options.out, password);
      io.out(options.json ? toJson({ address, keystore: options.out }) : `${address}  ${options.out}`);
      return undefined;
    },
  );
}
