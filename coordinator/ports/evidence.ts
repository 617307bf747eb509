import type { Hex } from "../protocol/bytes.ts";
import type { SignedOnce } from "../protocol/faults/contradiction.ts";

/** A message of which its author may sign one, with its author. */
export interface Sighting {
  /** Address of the key, recovered from the signature. */
  readonly signer: Hex;
  readonly signed: SignedOnce;
}

/** Two messages of one key that exclude each other. */
export interface Contradiction {
  readonly signer: Hex;
  readonly first: SignedOnce;
  readonly second: SignedOnce;
}

/** Remembers what miners signed, wherever it was seen, and what of it contradicts itself. */
export interface EvidenceBook {
  /** Notes a message of a round's miner whose signature was checked. Never fails: evidence is not worth a round. */
  note(sighting: Sighting): void;
  /** One for each slot in which a key contradicted itself, those of earlier processes too. */
  contradictions(): readonly Contradiction[];
  /** The messages noted of a round, by the hash of its opening. */
  sightings(openingHash: Hex): readonly Sighting[];
}
