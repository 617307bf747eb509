import { type Command, Option } from "commander";
import type { NetworkIdentity } from "../../adapters/peers/identity.ts";
import type { SignatureScheme } from "../../ports/signature-scheme.ts";
import { fromHex, toHex } from "../../protocol/bytes.ts";
import type { Sha256 } from "../../protocol/model/merkle.ts";
import { type Cli, subcommand } from "../command.ts";
import { sha256 } from "../connect.ts";
import type { Io } from "../io.ts";
import { toJson } from "../io.ts";
import { loadKey } from "../keys.ts";
import { addKeyOptions, type KeyOptions } from "../options.ts";
import { openVoter, type VoteScheme } from "./voter.ts";

/** `quorate praft identity`: what a committee file says of the owner of a key. */
export function praftIdentityCommand(cli: Cli): Command {
  return subcommand<KeyOptions & { readonly scheme: VoteScheme }>(
    cli,
    {
      name: "identity",
      summary: "print a key's network identity and vote key",
      addOptions: (command) =>
        addKeyOptions(command).addOption(
          new Option("--scheme <name>", "how the committee signs votes")
            .choices(["secp256k1", "bls"])
            .default("secp256k1"),
        ),
    },
    async (options, { io }) => {
      const member = await openIdentity(options, io);
      const { scheme, secretKey } = await openVoter(options.scheme, member.secretKey);
      const possession = { possession: toHex(scheme.provePossession(secretKey)) };
      const voteKey = toHex(scheme.publicKeyOf(secretKey));
      io.out(toJson({ id: member.identity.id, voteKey, ...(options.scheme === "bls" && possession) }));
      return undefined;
    },
  );
}

/** The key of a replica or client, and what follows from it. */
export interface MemberIdentity {
  readonly secretKey: Uint8Array;
  /** Of its bundles. */
  readonly scheme: SignatureScheme;
  readonly sha256: Sha256;
  readonly identity: NetworkIdentity;
}

export async function openIdentity(options: KeyOptions, io: Io): Promise<MemberIdentity> {
  return identityOfKey((await loadKey(options, io)).privateKey);
}

/** @param privateKey 32 bytes in hexadecimal */
export async function identityOfKey(privateKey: string): Promise<MemberIdentity> {
  const { networkIdentity } = await import("../../adapters/peers/identity.ts");
  const { createSecp256k1Scheme } = await import("../../adapters/signatures/secp256k1.ts");
  const secretKey = fromHex(privateKey, 32);
  return { secretKey, scheme: createSecp256k1Scheme(), sha256, identity: networkIdentity(secretKey) };
}
