import { MAX_SAMPLE_COUNT } from "../aggregation/fedavg.ts";
import { compareHex, type Hex } from "../bytes.ts";
import type { Sha256 } from "../model/merkle.ts";
import type { Model } from "../model/model.ts";
import type { UpdateReference } from "../round/references.ts";
import { exponentOf } from "./exact.ts";
import { bitsOf } from "./find.ts";
import { openedModel } from "./proof.ts";

/** What can be wrong with an entry of a manifest; names and order as in IFaultProofs.ReferenceFault. */
export type ReferenceFault = "not-ascending" | "sample-count" | "not-client" | "over-cap" | "out-of-domain";

export interface WrongReference {
  /** Place in the manifest, from 0. */
  readonly index: number;
  readonly verdict: ReferenceFault;
  /** Of the value out of the domain; 0 with any other fault. */
  readonly coordinate: number;
}

/** What the registry allowed a client in a round. */
export interface ClientLimits {
  readonly active: boolean;
  readonly sampleCap: bigint;
}

/** What `FaultProofs.proveReference` takes besides the claim; see IFaultProofs.ReferenceProof. */
export interface ReferenceProof {
  readonly index: number;
  readonly coordinate: number;
  readonly references: readonly UpdateReference[];
  /** Header hash, hash of the non-float bytes, leaf, siblings; empty unless a value is out of the domain. */
  readonly opening: Hex;
}

/** What the registry says of a client in the round; undefined if it never registered. */
type LimitsOf = (client: Hex) => ClientLimits | undefined;

/** The first entry that no honest manifest holds, by what the chain alone knows. */
export function findWrongReference(
  references: readonly UpdateReference[],
  limitsOf: LimitsOf,
): WrongReference | undefined {
  for (const index of references.keys()) {
    const verdict = referenceFault(references, index, limitsOf);
    if (verdict) return { index, verdict, coordinate: 0 };
  }
  return undefined;
}

/** What is wrong with one entry, by what the chain alone knows. */
export function referenceFault(
  references: readonly UpdateReference[],
  index: number,
  limitsOf: LimitsOf,
): Exclude<ReferenceFault, "out-of-domain"> | undefined {
  const { client, sampleCount } = references[index]!;
  const before = references[index - 1];
  if (before && compareHex(client, before.client) <= 0) return "not-ascending";
  if (sampleCount < 1n || sampleCount > BigInt(MAX_SAMPLE_COUNT)) return "sample-count";
  const limits = limitsOf(client);
  if (!limits?.active) return "not-client";
  return sampleCount > limits.sampleCap ? "over-cap" : undefined;
}

/**
 * The first update that holds a value the contract can't compute with, infinities and NaN included.
 * @param models in the order of the manifest
 */
export function findOutOfDomain(models: readonly Model[], maxExponent: number): WrongReference | undefined {
  for (const [index, { floats }] of models.entries()) {
    const coordinate = bitsOf(floats).findIndex((bits) => exponentOf(bits) > maxExponent);
    if (coordinate >= 0) return { index, verdict: "out-of-domain", coordinate };
  }
  return undefined;
}

/** @param model the update's, if one of its values is out of the domain */
export function buildReferenceProof(
  { index, coordinate }: Omit<WrongReference, "verdict"> & Partial<WrongReference>,
  references: readonly UpdateReference[],
  model?: Model,
  sha256?: Sha256,
): ReferenceProof {
  return { index, coordinate, references, opening: model ? openedModel(model, coordinate, sha256) : "0x" };
}
