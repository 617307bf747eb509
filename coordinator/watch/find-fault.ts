import type { ChainHistory } from "../ports/chain-history.ts";
import type { Content } from "../ports/content.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import { sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { findWrongCoordinates, type WrongCoordinate } from "../protocol/faults/find.ts";
import { DEFAULT_MAX_EXPONENT, judge, type ProvableRule, provableRule } from "../protocol/faults/judge.ts";
import { buildColumnProof, type ColumnProof } from "../protocol/faults/proof.ts";
import {
  buildReferenceProof,
  findOutOfDomain,
  findWrongReference,
  type ReferenceProof,
  type WrongReference,
} from "../protocol/faults/reference.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import type { Model } from "../protocol/model/model.ts";
import { MANIFEST_MAX_BYTES, readManifestEvidence } from "../protocol/round/manifest-file.ts";
import type { Candidate } from "../protocol/round/messages.ts";
import type { Aggregator } from "../protocol/round/recompute.ts";
import {
  referenceOf,
  type SignedUpdate,
  type UpdateReference,
  updatesHash,
} from "../protocol/round/references.ts";
import { readEvidence } from "../protocol/round/stored-files.ts";
import { clientTerms } from "../protocol/views/queries.ts";

/** Differing coordinates looked at for one that costs the liar most. */
const SEARCH_LIMIT = 1_000;

export interface FaultSearch {
  /** Who was a client, and with how many samples, in the candidate's round. */
  readonly chain: Pick<ChainHistory, "recentView">;
  readonly content: Content;
  readonly federation: LoadedFederation;
  readonly aggregator: Aggregator;
  readonly sha256?: Sha256;
}

/** A candidate's files as a challenger holds them. */
interface Files {
  readonly claimed: Model;
  /** In the order of `references`. */
  readonly models: readonly Model[];
  readonly references: readonly UpdateReference[];
}

/** A weight of the candidate's model that its updates don't give, or an entry of its manifest that no miner may use. */
export type Fault =
  | (WrongCoordinate & { readonly proof: ColumnProof })
  | (WrongReference & { readonly proof: ReferenceProof });

/**
 * Looks through a candidate for what a contract can be shown: first at its manifest's entries, then, aggregating its own
 * updates again, at its model.
 * @param coordinate look at this weight only
 * @returns undefined if manifest and model are right, or that weight is
 * @throws QuorateError FAULT_RULE_NOT_PROVABLE, FAULT_COORDINATE; CONTENT_ codes if a file is withheld; FAULT_LIST if the
 * manifest file is not the candidate's
 */
export async function findFault(
  search: FaultSearch,
  candidate: Candidate,
  coordinate?: number,
): Promise<Fault | undefined> {
  if (coordinate !== undefined) {
    const rule = provableRule(search.federation.task.rule);
    const files = await fetchFiles(search, candidate, await fetchUpdates(search, candidate));
    return provenColumn(search, files, { rule, wrong: judgeAt(files, rule, coordinate) });
  }
  const updates = await fetchUpdates(search, candidate);
  const references = updates.map(referenceOf);
  const view = await search.chain.recentView();
  const entry = findWrongReference(references, (client) => clientTerms(view, client, candidate.round));
  if (entry) return { ...entry, proof: buildReferenceProof(entry, references) };
  const files = await fetchFiles(search, candidate, updates);
  const outside = findOutOfDomain(files.models, DEFAULT_MAX_EXPONENT);
  if (outside) {
    const model = files.models[outside.index];
    return { ...outside, proof: buildReferenceProof(outside, references, model, search.sha256) };
  }
  const rule = provableRule(search.federation.task.rule);
  return provenColumn(search, files, { rule, wrong: await firstWrong(search, files, rule) });
}

/** What of a fault is told. */
export function describedFault(fault: Fault) {
  const { verdict, coordinate } = fault;
  return "index" in fault ? { verdict, coordinate, entry: fault.index } : { verdict, coordinate };
}

function provenColumn(
  { sha256 }: FaultSearch,
  files: Files,
  { rule, wrong }: { readonly rule: ProvableRule; readonly wrong: WrongCoordinate | undefined },
): Fault | undefined {
  return wrong && { ...wrong, proof: buildColumnProof(wrong.coordinate, { ...files, rule }, sha256) };
}

/** The updates a candidate names. @throws QuorateError FAULT_LIST; CONTENT_ codes */
export async function fetchUpdates(
  { content }: FaultSearch,
  candidate: Candidate,
): Promise<readonly SignedUpdate[]> {
  const { updates } = readManifestEvidence(
    await content.get(candidate.manifestCid, { maxBytes: MANIFEST_MAX_BYTES }),
  );
  if (sameHex(updatesHash(updates.map(referenceOf)), candidate.updatesHash)) return updates;
  throw new QuorateError(
    "FAULT_LIST",
    "the manifest file of the candidate lists other updates than the candidate names: this rests on the vote",
    { manifestCid: candidate.manifestCid },
  );
}

/** A candidate's model and those of its updates. @throws QuorateError CONTENT_ and MODEL_ codes */
export async function fetchFiles(
  { content, federation, sha256 }: FaultSearch,
  candidate: Candidate,
  updates: readonly SignedUpdate[],
): Promise<Files> {
  const model = async (digest: Candidate["modelCid"], root: Candidate["modelRoot"]) => {
    const bytes = await content.get(digest, { maxBytes: federation.modelBytes });
    return readEvidence(bytes, root, federation.genesis, sha256);
  };
  const models: Model[] = [];
  for (const { update } of updates) models.push(await model(update.modelCid, update.modelRoot));
  const claimed = await model(candidate.modelCid, candidate.modelRoot);
  return { claimed, models, references: updates.map(referenceOf) };
}

/** One that no float64 evaluation gives if there is one: its slash is the larger one. */
async function firstWrong(
  { federation, aggregator }: FaultSearch,
  { claimed, models, references }: Files,
  rule: ProvableRule,
): Promise<WrongCoordinate | undefined> {
  const weighted = models.map(({ floats }, k) => ({ floats, sampleCount: references[k]!.sampleCount }));
  // Rules that treat each coordinate alone need no centre and no draw.
  const context = { centre: federation.genesis.floats, seed: new Uint8Array(32) };
  const { floats } = await aggregator(federation.task.rule, weighted, context);
  const updates = weighted.map((row) => ({ floats: row.floats, sampleCount: Number(row.sampleCount) }));
  const found = findWrongCoordinates(claimed.floats, floats, { updates, rule, limit: SEARCH_LIMIT });
  return found.find(({ verdict }) => verdict === "wrong") ?? found[0];
}

/** What the contract would find at a coordinate; undefined if it is right. @throws QuorateError FAULT_COORDINATE */
export function judgeAt(
  { claimed, models, references }: Files,
  rule: ProvableRule,
  coordinate: number,
): WrongCoordinate | undefined {
  const dimension = claimed.floats.length;
  if (!Number.isInteger(coordinate) || coordinate < 0 || coordinate >= dimension)
    throw new QuorateError(
      "FAULT_COORDINATE",
      `coordinate ${coordinate} does not exist: the model has ${dimension}, counted from 0`,
      { coordinate, dimension },
    );
  const bits = ({ floats }: Model) =>
    new Uint32Array(floats.buffer, floats.byteOffset, floats.length)[coordinate]!;
  const verdict = judge(rule, bits(claimed), {
    samples: references.map(({ sampleCount }) => Number(sampleCount)),
    column: models.map(bits),
  });
  return verdict === "right" ? undefined : { coordinate, verdict };
}
