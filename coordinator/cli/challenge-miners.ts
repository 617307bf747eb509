import { existsSync } from "node:fs";
import { join } from "node:path";
import type { QuorateWriter } from "../adapters/chain/writer.ts";
import { openEvidence, readEvidence } from "../adapters/evidence/file-evidence.ts";
import type { Challenger, Proven } from "../ports/challenges.ts";
import type { EvidenceBook } from "../ports/evidence.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { reasonName } from "../protocol/round/messages.ts";
import type { FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { createChainSightings, type SightingDeps } from "../watch/chain-sightings.ts";
import { doubleSignatures, proveDouble } from "../watch/double-signatures.ts";
import type { FaultSearch } from "../watch/find-fault.ts";
import { checkableNoes, findRefutation } from "../watch/refuted-noes.ts";
import { EVIDENCE_FILE } from "./connect.ts";

/** What a miner did, and how to prove it. */
export interface ProvableOffence {
  readonly miner: Hex;
  /** "signed two …", "said no to …": what comes after the miner's name. */
  readonly what: string;
  prove(challenger: Challenger): Promise<Proven>;
}

export type MinerSearch = Omit<FaultSearch, "chain"> &
  Pick<SightingDeps, "recoverer"> & { readonly chain: QuorateWriter };

/** What is looked for in a round. */
export interface MinerQuery {
  readonly record: RoundRecord;
  readonly view: FederationView;
  readonly of: "double-signature" | "refute";
  /** This miner's only. */
  readonly miner?: Hex;
  /** A miner's evidence file, besides what is on chain. */
  readonly evidence?: string;
}

/**
 * What can be proven against the miners of a round, but the challenger itself.
 * @throws QuorateError EVIDENCE_MALFORMED, EVIDENCE_MISSING; as findRefutation
 */
export async function findOffences(search: MinerSearch, query: MinerQuery): Promise<ProvableOffence[]> {
  const { record, view, of } = query;
  const evidence = openEvidence();
  for (const { signer, first, second } of query.evidence ? readEvidence(query.evidence) : [])
    for (const signed of [first, second]) evidence.note({ signer, signed });
  await createChainSightings({ ...search, evidence })(record);
  const found = of === "refute" ? await noes(search, evidence, record) : doubles(evidence, view, record);
  return found.filter(
    ({ miner }) => !sameHex(miner, search.chain.account) && (!query.miner || sameHex(miner, query.miner)),
  );
}

/** The evidence file to read: the one named, or that of the miner whose folder this is. @throws QuorateError EVIDENCE_MISSING */
export function evidencePath(named: string | undefined, folder: string): string | undefined {
  if (named && !existsSync(named))
    throw new QuorateError("EVIDENCE_MISSING", `--evidence ${named}: there is no such file`, { path: named });
  const own = join(folder, EVIDENCE_FILE);
  return named ?? (existsSync(own) ? own : undefined);
}

function doubles(evidence: EvidenceBook, view: FederationView, { round }: RoundRecord): ProvableOffence[] {
  return doubleSignatures(evidence, view)
    .filter(({ found }) => found.first.message.round === round)
    .map((double) => ({
      miner: double.miner,
      what: `signed two messages where one is allowed (${double.kind})`,
      prove: (challenger) => proveDouble(challenger, double),
    }));
}

async function noes(
  search: MinerSearch,
  evidence: EvidenceBook,
  record: RoundRecord,
): Promise<ProvableOffence[]> {
  const offences: ProvableOffence[] = [];
  for (const posted of record.candidates)
    for (const no of checkableNoes(evidence, record, posted)) {
      const refutation = await findRefutation(search, { record, posted }, no);
      if (!refutation) continue;
      const { reason, reasonIndex } = no.vote;
      offences.push({
        miner: no.miner,
        what: `said no to ${reasonName(reason)} ${reasonIndex}, which is right`,
        prove: (challenger) => challenger.refute(refutation),
      });
    }
  return offences;
}
