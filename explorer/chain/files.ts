import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { decodeManifestFile, type ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import type { Federation } from "./federation.ts";

const MANIFESTS_KEPT = 60;
const manifests = new Map<Hex, Promise<ManifestFile>>();

/**
 * The manifest of a candidate, through the explorer's server, which checks it against its CID.
 * Rejects with QuorateError FILES_NOT_CONFIGURED or FILE_MISSING.
 */
export function readManifest(federation: Federation, digest: Hex): Promise<ManifestFile> {
  const known = manifests.get(digest);
  if (known) return known;
  const reading = ask(federation, `content/${digest}/manifest`)
    .then((response) => response.arrayBuffer())
    .then((bytes) => decodeManifestFile(new Uint8Array(bytes)));
  manifests.set(digest, reading);
  if (manifests.size > MANIFESTS_KEPT) manifests.delete(manifests.keys().next().value!);
  reading.catch(() => manifests.delete(digest));
  return reading;
}

/** Size of a file in bytes. */
export async function fileSize(federation: Federation, digest: Hex): Promise<number> {
  const response = await ask(federation, `content/${digest}/size`);
  return (await response.json()).size;
}

async function ask({ content }: Federation, path: string): Promise<Response> {
  if (content === null)
    throw new QuorateError(
      "FILES_NOT_CONFIGURED",
      "No source of files is configured, so manifests and models can’t be shown. Start with --ipfs URL, e.g. a miner’s endpoint.",
    );
  const response = await fetch(path).catch(() => null);
  if (response?.ok) return response;
  const why = response
    ? ((await response.json().catch(() => null))?.message ?? response.status)
    : "no answer";
  throw new QuorateError("FILE_MISSING", `The file could not be had from ${content}: ${why}`);
}
