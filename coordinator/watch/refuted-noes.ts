import type { ChainHistory } from "../ports/chain-history.ts";
import type { Refutation } from "../ports/challenges.ts";
import type { EvidenceBook } from "../ports/evidence.ts";
import type { Recoverer } from "../ports/signer.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { DEFAULT_MAX_EXPONENT, isJudged, provableRule } from "../protocol/faults/judge.ts";
import { buildColumnProof } from "../protocol/faults/proof.ts";
import { buildReferenceProof, findOutOfDomain, referenceFault } from "../protocol/faults/reference.ts";
import { type Candidate, REASON, type Vote } from "../protocol/round/messages.ts";
import { referenceOf, type SignedUpdate } from "../protocol/round/references.ts";
import type { CandidateRecord, RoundRecord } from "../protocol/views/federation-view.ts";
import { clientTerms } from "../protocol/views/queries.ts";
import { minerOfKey } from "./chain-sightings.ts";
import { openingOf } from "./challenge.ts";
import { type FaultSearch, fetchFiles, fetchUpdates, judgeAt } from "./find-fault.ts";

/** A no that names a coordinate or a reference, and who said it. */
export interface CheckableNo {
  readonly miner: Hex;
  readonly vote: Vote;
  readonly signature: Hex;
}

/** The noes on a candidate that arithmetic can refute if they are false. */
export function checkableNoes(
  evidence: Pick<EvidenceBook, "sightings">,
  record: RoundRecord,
  { id }: Pick<CandidateRecord, "id">,
): readonly CheckableNo[] {
  return evidence.sightings(record.openingHash).flatMap(({ signer, signed }) => {
    if (signed.kind !== "Vote" || !sameHex(signed.message.candidate, id)) return [];
    const { support, reason } = signed.message;
    const miner = minerOfKey(record, signer);
    const names = reason === REASON.coordinate || reason === REASON.reference;
    return miner && !support && names ? [{ miner, vote: signed.message, signature: signed.signature }] : [];
  });
}

/** The part of a refutation that shows what the no names to be right. */
type Shown = Pick<Refutation, "proof" | "client">;

/**
 * Whether what a no names is right after all, and how to show it.
 * @returns undefined if the no is true, or nothing can be shown against it
 * @throws QuorateError CONTENT_ codes if a file is withheld; FAULT_LIST; BLOCK_UNKNOWN
 */
export async function findRefutation(
  search: FaultSearch & { readonly chain: Pick<ChainHistory, "blockHash">; readonly recoverer: Recoverer },
  { record, posted }: { readonly record: RoundRecord; readonly posted: CandidateRecord },
  no: CheckableNo,
): Promise<Refutation | undefined> {
  const { candidate, id } = posted;
  const index = Number(no.vote.reasonIndex);
  const updates = await fetchUpdates(search, candidate);
  const shown =
    no.vote.reason === REASON.coordinate
      ? await rightCoordinate(search, candidate, { updates, index })
      : await rightReference(search, candidate, { updates, index });
  if (!shown) return undefined;
  return { id, candidate, ...(await openingOf(search.chain, record)), ...shown, no: no.signature };
}

interface Named {
  readonly updates: readonly SignedUpdate[];
  /** Coordinate or entry. */
  readonly index: number;
}

async function rightCoordinate(
  search: FaultSearch,
  candidate: Candidate,
  { updates, index }: Named,
): Promise<Shown | undefined> {
  const { task, federation } = search.federation;
  // The contract judges no coordinate that does not exist, and none under other rules.
  if (!isJudged(task.rule) || index >= federation.dimension) return undefined;
  const rule = provableRule(task.rule);
  const files = await fetchFiles(search, candidate, updates);
  if (findOutOfDomain(files.models, DEFAULT_MAX_EXPONENT) || judgeAt(files, rule, index)) return undefined;
  return { proof: buildColumnProof(index, { ...files, rule }, search.sha256) };
}

async function rightReference(
  search: FaultSearch & { readonly recoverer: Recoverer },
  candidate: Candidate,
  { updates, index }: Named,
): Promise<Shown | undefined> {
  const signed = updates[index];
  if (!signed) return undefined;
  const view = await search.chain.recentView();
  const references = updates.map(referenceOf);
  const terms = clientTerms(view, signed.client, candidate.round);
  if (referenceFault(references, index, () => terms)) return undefined;
  const { domain } = search.federation.federation;
  const { round, openingHash, baseRoot } = candidate;
  const update = { ...signed.update, round, openingHash, baseRoot };
  const key = search.recoverer.recover(domain, "Update", update, signed.signature);
  if (!key || !terms || !sameHex(key, terms.key)) return undefined;
  // The contract would not look at its values; an honest voter may have.
  const { models } = await fetchFiles(search, candidate, updates);
  if (findOutOfDomain([models[index]!], DEFAULT_MAX_EXPONENT)) return undefined;
  const proof = buildReferenceProof({ index, coordinate: 0 }, references);
  return { proof, client: { modelCid: signed.update.modelCid, signature: signed.signature } };
}
