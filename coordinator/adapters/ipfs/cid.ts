import { unixfs } from "@helia/unixfs";
import { CID } from "multiformats/cid";
import { create as createMultihash } from "multiformats/hashes/digest";
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";

/** Multicodec of an interior node. Every file's root is one, so that a bare digest names a file. */
export const DAG_PB = 0x70;
/** Multicodec of a leaf. */
export const RAW = 0x55;
const SHA2_256 = 0x12;

/** Bytes of every leaf but the last. */
export const CHUNK_BYTES = 1024 * 1024;
/** Links of every full interior node. */
export const MAX_LINKS = 1024;

/**
 * The protocol's CID settings. The chunker (fixed 1 MiB) and the layout (balanced, 1,024 children) are the defaults of
 * `@helia/unixfs`; test/vectors/cids.json holds the CIDs that any other setting would miss.
 */
const SETTINGS = { cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: false } as const;

/** Receives the blocks of a file, leaves before the nodes that link them. */
export type PutBlock = (cid: CID, block: Uint8Array) => Promise<unknown>;

/** Cuts `bytes` into the blocks of their canonical DAG and returns its root. */
export async function layOut(bytes: Uint8Array, put: PutBlock): Promise<CID> {
  const blockstore = {
    async put(cid: CID, block: Uint8Array): Promise<CID> {
      await put(cid, block);
      return cid;
    },
    get: neverRead,
    has: () => false,
  };
  return unixfs({ blockstore } as unknown as Parameters<typeof unixfs>[0]).addBytes(bytes, SETTINGS);
}

/** The digest that names `bytes`; nothing is stored. */
export async function digestOfBytes(bytes: Uint8Array): Promise<Hex> {
  return digestOf(await layOut(bytes, async () => {}));
}

/** The CID (version 1, dag-pb, sha2-256) a digest stands for, as text in base32. */
export function cidOfDigest(digest: Hex): string {
  return rootOf(digest).toString();
}

/**
 * The digest a CID carries.
 * @throws QuorateError CID_UNSUPPORTED unless it is version 1, dag-pb, sha2-256
 */
export function digestOfCid(text: string): Hex {
  let cid: CID;
  try {
    cid = CID.parse(text);
  } catch (error) {
    throw new QuorateError("CID_UNSUPPORTED", `"${text.slice(0, 100)}" is not a CID`, {}, { cause: error });
  }
  if (cid.version !== 1 || cid.code !== DAG_PB || cid.multihash.code !== SHA2_256)
    throw new QuorateError(
      "CID_UNSUPPORTED",
      `${text} is not a version 1 dag-pb sha2-256 CID; add the file with the settings in docs/protocol.md`,
      { version: cid.version, codec: cid.code, hash: cid.multihash.code },
    );
  return digestOf(cid);
}

/** The root CID of a digest. */
export function rootOf(digest: Hex): CID {
  return CID.createV1(DAG_PB, createMultihash(SHA2_256, fromHex(digest, 32)));
}

/** The digest of a root CID. */
export function digestOf(root: CID): Hex {
  return toHex(root.multihash.digest);
}

function neverRead(): never {
  throw new QuorateError("CID_UNSUPPORTED", "laying out a file reads no blocks");
}
