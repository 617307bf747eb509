import type { KeySource } from "../adapters/keys/keystore.ts";
import type { Io } from "./io.ts";
import type { KeyOptions } from "./options.ts";

/** Environment variables with secrets; their values are never printed. */
const PASSWORD_VARIABLE = "QUORATE_PASSWORD";
const PRIVATE_KEY_VARIABLE = "QUORATE_PRIVATE_KEY";

/** Where the key of a command comes from: --keystore, else the environment. */
export function keySource({ keystore, passwordFile }: KeyOptions): KeySource {
  if (!keystore) return { privateKeyEnv: PRIVATE_KEY_VARIABLE };
  return passwordFile
    ? { keystorePath: keystore, passwordFile }
    : { keystorePath: keystore, passwordEnv: PASSWORD_VARIABLE };
}

/** The ethers wallet of a command's key, without a provider. */
export async function loadKey(options: KeyOptions, io: Io) {
  const { loadWallet } = await import("../adapters/keys/keystore.ts");
  return loadWallet(keySource(options), io.env as NodeJS.ProcessEnv);
}
