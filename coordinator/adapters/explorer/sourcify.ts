import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { keccak } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { readArtifact, readBuild } from "./contract-book.ts";

interface Request {
  /** Hardhat's artifacts. */
  readonly artifacts: string;
  readonly chainId: string;
  readonly contracts: Readonly<Record<string, { readonly address: string }>>;
  readonly out: string;
}

/** One exported contract. */
export interface Exported {
  readonly name: string;
  readonly folder: string;
  /** Metadata and sources. */
  readonly files: number;
}

/** Multihash of a sha2-256 digest, as solc writes it at the end of a contract's code: `a2 64 "ipfs" 58 22 12 20 …`. */
const IPFS_MARK = "a264697066735822";

/**
 * Writes contracts/full_match/<chain id>/<address>/{metadata.json, sources/…}, the repository layout of Sourcify, which
 * Otterscan and others read. Each metadata file is checked against the digest in the contract's code, so that an
 * explorer that compares finds a full match.
 * @throws QuorateError ARTIFACTS_MISSING, METADATA_MISSING, METADATA_MISMATCH
 */
export function exportSourcify({ artifacts, chainId, contracts, out }: Request): Exported[] {
  return Object.entries(contracts).map(([name, { address }]) => {
    const artifact = readArtifact(artifacts, name);
    const metadata = metadataOf(artifacts, name);
    assertSameMetadata(name, metadata, artifact.deployedBytecode);
    const folder = join(out, "contracts", "full_match", chainId, address);
    const { sources } = readBuild(artifacts, artifact).input;
    const named = Object.entries(JSON.parse(metadata).sources as Record<string, { keccak256: string }>);
    write(join(folder, "metadata.json"), metadata);
    for (const [path, { keccak256 }] of named) {
      const content = sources[path]?.content ?? "";
      if (keccak(new TextEncoder().encode(content)) !== keccak256) throw mismatch(name, path);
      write(join(folder, "sources", ...path.split("/").filter((part) => part !== "..")), content);
    }
    return { name, folder, files: named.length + 1 };
  });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The compiler's metadata, byte for byte. */
function metadataOf(artifacts: string, name: string): string {
  const { buildInfoId, inputSourceName } = readArtifact(artifacts, name);
  const path = join(artifacts, "build-info", `${buildInfoId}.output.json`);
  const { output } = JSON.parse(readFileSync(path, "utf8"));
  const metadata = output.contracts[inputSourceName]?.[name]?.metadata;
  if (typeof metadata === "string" && metadata !== "") return metadata;
  throw new QuorateError("METADATA_MISSING", `the build holds no metadata of ${name}: run npm run build`, {
    contract: name,
  });
}

function assertSameMetadata(name: string, metadata: string, code: string): void {
  const at = code.lastIndexOf(IPFS_MARK);
  const digest = code.slice(at + IPFS_MARK.length + 4, at + IPFS_MARK.length + 68);
  if (at < 0 || digest !== ipfsDigest(metadata)) throw mismatch(name, "metadata.json");
}

/** sha2-256 of the UnixFS file node in a dag-pb node with one block, which is the CIDv0 solc computes. */
function ipfsDigest(text: string): string {
  const data = Buffer.from(text, "utf8");
  const size = varint(data.length);
  const file = Buffer.concat([Buffer.from([0x08, 0x02, 0x12]), size, data, Buffer.from([0x18]), size]);
  const node = Buffer.concat([Buffer.from([0x0a]), varint(file.length), file]);
  return createHash("sha256").update(node).digest("hex");
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) return Buffer.from(bytes);
  }
}

function mismatch(name: string, file: string): QuorateError {
  return new QuorateError(
    "METADATA_MISMATCH",
    `${file} of ${name} is not what its code was compiled from: run npm run build and deploy again`,
    { contract: name, file },
  );
}
