import { type Hex, sameHex } from "../bytes.ts";
import type { Candidate } from "./messages.ts";

/** The first thing about a candidate that a recomputation did not confirm. */
export type Difference = "inputs" | "model" | "score" | "payouts";

/**
 * Compares a claimed candidate with the one recomputed from the same updates. What can be proven by arithmetic comes
 * first: a wrong model is named before a score or payouts that follow from it.
 */
export function firstDifference(claimed: Candidate, recomputed: Candidate): Difference | undefined {
  const same = (field: keyof Candidate) => equal(claimed[field], recomputed[field]);
  if (
    !["round", "openingHash", "baseRoot", "updatesHash", "updateCount", "totalSamples"].every(isField(same))
  )
    return "inputs";
  if (!same("modelRoot") || !same("modelCid")) return "model";
  if (!same("validationScore")) return "score";
  if (!same("payoutsRoot") || !same("payoutsTotal") || !same("manifestCid")) return "payouts";
  return undefined;
}

/** Index of the first float whose bits differ; undefined if all are equal. Canonical models hold no NaN and no −0. */
export function firstCoordinate(claimed: Float32Array, recomputed: Float32Array): number | undefined {
  const length = Math.max(claimed.length, recomputed.length);
  for (let j = 0; j < length; j++) if (claimed[j] !== recomputed[j]) return j;
  return undefined;
}

function isField(same: (field: keyof Candidate) => boolean): (name: string) => boolean {
  return (name) => same(name as keyof Candidate);
}

function equal(a: Hex | bigint | number, b: Hex | bigint | number): boolean {
  return typeof a === "string" && typeof b === "string" ? sameHex(a, b) : BigInt(a) === BigInt(b);
}
