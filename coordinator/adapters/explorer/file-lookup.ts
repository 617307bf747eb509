import type { Content } from "../../ports/content.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { fromHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";

/** Largest files that are fetched to be shown or measured, bytes. */
const MANIFEST_LIMIT = 16 * 1024 * 1024;
const MODEL_LIMIT = 256 * 1024 * 1024;
/** Answers remembered; a digest always names the same bytes. */
const MANIFESTS_KEPT = 64;
const SIZES_KEPT = 4_096;

/** Files by the digest of their CID, as the pages ask for them. */
export interface FileLookup {
  /** @throws QuorateError CONTENT_NOT_CONFIGURED, CONTENT_UNAVAILABLE, CONTENT_TOO_LARGE, BAD_HEX */
  manifest(digest: string): Promise<Uint8Array>;
  /** Size in bytes. */
  size(digest: string): Promise<number>;
}

/** @param open a fresh source of files for one request, so that a model is not kept; undefined if there is none */
export function createFileLookup(open: (() => Promise<OpenContent>) | undefined): FileLookup {
  const manifest = remember(MANIFESTS_KEPT, (digest) => fetchFile(open, digest, MANIFEST_LIMIT));
  const size = remember(SIZES_KEPT, async (digest) => (await fetchFile(open, digest, MODEL_LIMIT)).length);
  return { manifest, size };
}

/** A source of files that must be closed after use. */
export interface OpenContent {
  readonly content: Content;
  close(): Promise<void>;
}

async function fetchFile(
  open: (() => Promise<OpenContent>) | undefined,
  digest: string,
  maxBytes: number,
): Promise<Uint8Array> {
  fromHex(digest, 32);
  if (!open)
    throw new QuorateError(
      "CONTENT_NOT_CONFIGURED",
      "the explorer was started without a source of files: start it with --ipfs URL",
    );
  const source = await open();
  try {
    return await source.content.get(digest.toLowerCase() as Hex, { maxBytes });
  } finally {
    await source.close();
  }
}

/** Repeats an answer; failures are forgotten. */
function remember<T>(kept: number, find: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key) => {
    const known = answers.get(key);
    if (known) return known;
    const answer = find(key);
    answers.set(key, answer);
    if (answers.size > kept) answers.delete(answers.keys().next().value!);
    answer.catch(() => answers.delete(key));
    return answer;
  };
}
