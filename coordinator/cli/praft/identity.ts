import type { Command } from "commander";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import { type Cli, subcommand } from "../command.ts";
import type { Io } from "../io.ts";
import { toJson } from "../io.ts";
import { loadKey } from "../keys.ts";
import { addKeyOptions, type KeyOptions } from "../options.ts";

/** `quorate praft identity`: what a committee file says of the owner of a key. */
export function praftIdentityCommand(cli: Cli): Command {
  return subcommand<KeyOptions>(
    cli,
    { name: "identity", summary: "print a key's network identity and vote key", addOptions: addKeyOptions },
    async (options, { io }) => {
      const { identity, scheme, secretKey } = await openIdentity(options, io);
      io.out(toJson({ id: identity.id, voteKey: toHex(scheme.publicKeyOf(secretKey)) }));
      return undefined;
    },
  );
}

/** The key of a replica or client, and what follows from it. */
export async function openIdentity(options: KeyOptions, io: Io) {
  const { networkIdentity } = await import("../../adapters/peers/identity.ts");
  const { createSecp256k1Scheme } = await import("../../adapters/signatures/secp256k1.ts");
  const secretKey = fromHex((await loadKey(options, io)).privateKey, 32);
  return { secretKey, scheme: createSecp256k1Scheme(), identity: networkIdentity(secretKey) };
}
