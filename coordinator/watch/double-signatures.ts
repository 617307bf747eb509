import type { Challenger } from "../ports/challenges.ts";
import type { Contradiction, EvidenceBook } from "../ports/evidence.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { contradictionProof, type OnceKind } from "../protocol/faults/contradiction.ts";
import type { FederationView } from "../protocol/views/federation-view.ts";
import { minerOfKey } from "./chain-sightings.ts";

/** Two messages that a miner must not both have signed. */
export interface DoubleSignature {
  readonly miner: Hex;
  readonly kind: OnceKind;
  readonly found: Contradiction;
}

/** What the evidence shows about a federation's rounds; of other openings, of a chain that was, it shows nothing. */
export function doubleSignatures(
  evidence: Pick<EvidenceBook, "contradictions">,
  { rounds }: Pick<FederationView, "rounds">,
): readonly DoubleSignature[] {
  return evidence.contradictions().flatMap((found) => {
    const { round, openingHash } = found.first.message;
    const record = rounds.get(round);
    if (!record || !sameHex(record.openingHash, openingHash)) return [];
    const miner = minerOfKey(record, found.signer);
    return miner ? [{ miner, kind: found.first.kind, found }] : [];
  });
}

/** Shows both messages to the contract. @throws QuorateError with the contract's error as code */
export function proveDouble(challenger: Challenger, { found }: DoubleSignature) {
  return challenger.proveDouble(contradictionProof(found.first, found.second));
}
