import type { Hex } from "../protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../protocol/errors.ts";
import type { Candidate } from "../protocol/round/messages.ts";
import { referenceOf, type UpdateReference } from "../protocol/round/references.ts";
import { readEvidence } from "../protocol/round/stored-files.ts";
import { type FaultSearch, fetchUpdates } from "./find-fault.ts";

/** A model that nobody serves as its root names it. */
export interface Withheld {
  /** Place of the update in the manifest; null: the candidate's own model. */
  readonly index: number | null;
  /** All of the manifest's; empty for the candidate's own model. */
  readonly references: readonly UpdateReference[];
}

/** True for what a file that is not there, or not what it should be, is refused with. */
export function isMissing(error: unknown): error is QuorateError {
  return isQuorateError(error) && /^(CONTENT|MODEL)_/.test(error.code);
}

/**
 * The first update of a candidate that can't be had, or its model; undefined if all can.
 * @throws QuorateError CONTENT_ codes if its manifest can't be had: then nobody can name an update to ask for
 */
export async function findWithheld(search: FaultSearch, candidate: Candidate): Promise<Withheld | undefined> {
  const has = (digest: Hex, root: Hex) => isServed(search, digest, root);
  const listed = await fetchUpdates(search, candidate).catch((error: unknown) => {
    if (isMissing(error) || isQuorateError(error, "FAULT_LIST")) return error as QuorateError;
    throw error;
  });
  if (!(listed instanceof QuorateError)) {
    const references = listed.map(referenceOf);
    for (const [index, { update }] of listed.entries())
      if (!(await has(update.modelCid, update.modelRoot))) return { index, references };
  }
  if (!(await has(candidate.modelCid, candidate.modelRoot))) return { index: null, references: [] };
  if (listed instanceof QuorateError) throw listed;
  return undefined;
}

async function isServed(
  { content, federation, sha256 }: FaultSearch,
  digest: Hex,
  root: Hex,
): Promise<boolean> {
  try {
    const bytes = await content.get(digest, { maxBytes: federation.modelBytes });
    readEvidence(bytes, root, federation.genesis, sha256);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
