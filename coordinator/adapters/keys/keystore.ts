import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { encryptKeystoreJson, isError, SigningKey, Wallet } from "ethers";
import type { Signer } from "../../ports/signer.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { messageDigest } from "../../protocol/round/messages.ts";

/** Where a key comes from: an encrypted keystore file with its password, or an environment variable. */
export type KeySource =
  | { readonly keystorePath: string; readonly passwordEnv?: string; readonly passwordFile?: string }
  | { readonly privateKeyEnv: string };

/** Scrypt cost of a keystore: the V3 standard's, and one that takes milliseconds, for keys of demonstrations. */
const SCRYPT_STANDARD = { N: 131_072, r: 8, p: 1 };
const SCRYPT_FAST = { N: 1_024, r: 8, p: 1 };

/**
 * Loads a key as an ethers wallet without a provider.
 * @throws QuorateError KEY_MISSING, KEY_MALFORMED, KEYSTORE_MISSING, KEYSTORE_MALFORMED, KEYSTORE_PASSWORD
 */
export async function loadWallet(source: KeySource, env: NodeJS.ProcessEnv = process.env): Promise<Wallet> {
  if ("privateKeyEnv" in source) return walletOf(fromEnv(env, source.privateKeyEnv), source.privateKeyEnv);
  const { keystorePath } = source;
  const json = await readFile(keystorePath, "utf8").catch((cause: unknown) => {
    throw new QuorateError(
      "KEYSTORE_MISSING",
      `no keystore can be read at ${keystorePath}: make one with quorate key new`,
      { path: keystorePath },
      { cause },
    );
  });
  return decrypt(json, await passwordOf(source, env), keystorePath);
}

/** A signer of protocol messages with this wallet's key. */
export function signerOf(wallet: Wallet): Signer {
  return {
    address: wallet.address as Hex,
    async sign(domain, kind, message) {
      const { compactSerialized } = wallet.signingKey.sign(messageDigest(domain, kind, message));
      return compactSerialized as Hex;
    },
  };
}

/** {@link loadWallet} and {@link signerOf} in one. */
export async function loadSigner(source: KeySource, env: NodeJS.ProcessEnv = process.env): Promise<Signer> {
  return signerOf(await loadWallet(source, env));
}

/**
 * Makes a keystore file (Web3 Secret Storage, version 3), readable by its owner alone. Never overwrites.
 * @returns the key's address
 * @throws QuorateError KEYSTORE_EXISTS, FOLDER_UNWRITABLE, KEY_MALFORMED
 */
export async function createKeystore(
  path: string,
  password: string,
  options: { readonly fast?: boolean; readonly privateKey?: string } = {},
): Promise<Hex> {
  const { fast = false, privateKey } = options;
  const { address, privateKey: key } =
    privateKey === undefined ? Wallet.createRandom() : walletOf(privateKey, "the given private key");
  const file = await createPrivateFile(path);
  try {
    const scrypt = fast ? SCRYPT_FAST : SCRYPT_STANDARD;
    await file.writeFile(
      `${await encryptKeystoreJson({ address, privateKey: key }, password, { scrypt })}\n`,
    );
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return address as Hex;
}

async function createPrivateFile(path: string) {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await open(path, "wx", 0o600);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && syscall === "open")
      throw new QuorateError(
        "KEYSTORE_EXISTS",
        `${path} exists already: a key is never overwritten; choose another name or move the file away`,
        { path },
      );
    throw new QuorateError("FOLDER_UNWRITABLE", `cannot write ${path}`, { path }, { cause: error });
  }
}

async function decrypt(json: string, password: string, path: string): Promise<Wallet> {
  try {
    // An HD wallet is narrowed to its key: nothing here derives others from it.
    const { privateKey } = await Wallet.fromEncryptedJson(json, password);
    return new Wallet(privateKey);
  } catch (error) {
    // The cause is left out on purpose: ethers puts the arguments of a failed call into it.
    if (isError(error, "INVALID_ARGUMENT") && error.argument === "password")
      throw new QuorateError("KEYSTORE_PASSWORD", `the password does not open ${path}`, { path });
    throw new QuorateError("KEYSTORE_MALFORMED", `${path} is not a version 3 keystore`, { path });
  }
}

async function passwordOf(
  source: { readonly passwordEnv?: string; readonly passwordFile?: string },
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const { passwordEnv, passwordFile } = source;
  if (passwordEnv !== undefined) return fromEnv(env, passwordEnv);
  if (passwordFile === undefined)
    throw new QuorateError(
      "KEY_MISSING",
      "no password for the keystore: name a file or an environment variable",
    );
  const text = await readFile(passwordFile, "utf8").catch((cause: unknown) => {
    throw new QuorateError(
      "KEY_MISSING",
      `no password can be read from ${passwordFile}`,
      { path: passwordFile },
      { cause },
    );
  });
  return text.replace(/\r?\n$/, "");
}

function fromEnv(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new QuorateError("KEY_MISSING", `the environment variable ${name} is not set`, { variable: name });
}

/** The message names where the key came from, never the key. */
function walletOf(privateKey: string, origin: string): Wallet {
  try {
    return new Wallet(new SigningKey(privateKey.startsWith("0x") ? privateKey : `0x${privateKey}`));
  } catch {
    throw new QuorateError(
      "KEY_MALFORMED",
      `${origin} is not a private key: expected 32 bytes in hexadecimal`,
      { origin },
    );
  }
}
