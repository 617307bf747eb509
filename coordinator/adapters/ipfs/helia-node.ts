import { access, constants, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import { withBitswap } from "@helia/bitswap";
import { type HeliaWithLibp2p, withLibp2pLight } from "@helia/libp2p";
import { identify } from "@libp2p/identify";
import { tcp } from "@libp2p/tcp";
import { FsBlockstore } from "blockstore-fs";
import { createHeliaLight, type Helia } from "helia";
import { QuorateError } from "../../protocol/errors.ts";
import { restorePeerKey, savePeerKey } from "./peer-key.ts";

/** A connection that is not up after 5 s counts as dead. */
const DIAL_TIMEOUT_MS = 5_000;

export type NetworkedHelia = HeliaWithLibp2p<Record<string, unknown>>;

/** The blocks of a node on disk: what Helia's own `blockstore` writes to. */
export function blocksIn(folder: string): FsBlockstore {
  return new FsBlockstore(join(folder, "blocks"));
}

/**
 * Starts a Helia node over `folder`: blocks in `folder/blocks`, the peer key in `folder/peer.json`. It has no routing
 * and no bootstrap peers; it talks to the peers it is told to connect to, and to those that connect to it.
 * @throws QuorateError FOLDER_UNWRITABLE, PORT_IN_USE, LISTEN_ADDRESS
 */
export async function startNetworkedHelia(folder: string, listen: string): Promise<NetworkedHelia> {
  const light = await createLight(folder);
  await restorePeerKey(light, folder);
  const libp2p = withLibp2pLight(light, {
    addresses: { listen: [listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
    connectionManager: { dialTimeout: DIAL_TIMEOUT_MS },
  });
  // A peer that forgot a block (a read it gave up) may ask for it again at once.
  const helia = withBitswap(libp2p as HeliaWithLibp2p, { doNotResendBlockWindow: 0 });
  try {
    await helia.start();
  } catch (error) {
    await Promise.resolve(helia.stop()).catch(() => {});
    throw listenError(error as Error, listen);
  }
  await savePeerKey(helia, folder);
  return helia as unknown as NetworkedHelia;
}

/** Starts a Helia node that reads and writes local blocks only. */
export async function startLocalHelia(folder: string): Promise<Helia> {
  const helia = await createLight(folder);
  await helia.start();
  return helia;
}

async function createLight(folder: string): Promise<Helia> {
  try {
    await mkdir(join(folder, "blocks"), { recursive: true });
    await access(folder, constants.W_OK | constants.X_OK);
    await access(join(folder, "blocks"), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new QuorateError(
      "FOLDER_UNWRITABLE",
      `cannot write to ${folder} (${(error as Error).message}); choose a folder this user may write to`,
      { folder },
      { cause: error },
    );
  }
  return createHeliaLight({ blockstore: blocksIn(folder) });
}

function listenError(error: Error, listen: string): Error {
  if (/EADDRINUSE/.test(error.message))
    return new QuorateError(
      "PORT_IN_USE",
      `${listen} is in use by another process; stop it or choose another port`,
      { listen },
      { cause: error },
    );
  if (/listen|multiaddr|EADDRNOTAVAIL|EACCES/i.test(`${error.name} ${error.message}`))
    return new QuorateError(
      "LISTEN_ADDRESS",
      `cannot listen on ${listen}: expected a TCP multiaddr of this host, such as /ip4/127.0.0.1/tcp/4001`,
      { listen },
      { cause: error },
    );
  return error;
}
