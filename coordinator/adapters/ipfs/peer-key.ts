import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Helia } from "helia";
import { QuorateError } from "../../protocol/errors.ts";

/** Where Helia's keychain keeps the key of the peer and what it says about it. */
const KEYCHAIN_PREFIXES = ["/pkcs8/", "/info/"];

type Key = Parameters<Helia["datastore"]["put"]>[0];

/**
 * Puts the peer key of an earlier run into the (in-memory) datastore, so that the peer id stays the same. Call before
 * the node starts.
 * @throws QuorateError PEER_KEY_MALFORMED
 */
export async function restorePeerKey(helia: Helia, folder: string): Promise<void> {
  let entries: [string, string][];
  const file = join(folder, "peer.json");
  try {
    entries = Object.entries(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw new QuorateError(
      "PEER_KEY_MALFORMED",
      `${file} is not readable as a peer key; remove it and the node makes a new one`,
      { file },
      { cause: error },
    );
  }
  // The datastore asks nothing of a key but its name.
  for (const [name, value] of entries)
    await helia.datastore.put({ toString: () => name } as Key, Buffer.from(value, "base64"));
}

/** Writes the peer key to `peer.json`, readable by its owner alone. Call after the first start. */
export async function savePeerKey(helia: Helia, folder: string): Promise<void> {
  const entries: [string, string][] = [];
  for (const prefix of KEYCHAIN_PREFIXES)
    for await (const { key, value } of helia.datastore.query({ prefix }))
      entries.push([key.toString(), Buffer.from(value).toString("base64")]);
  const file = join(folder, "peer.json");
  await writeFile(`${file}.new`, JSON.stringify(Object.fromEntries(entries), null, 2), { mode: 0o600 });
  await chmod(`${file}.new`, 0o600);
  await rename(`${file}.new`, file);
}
