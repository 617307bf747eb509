import { QuorateError } from "../errors.ts";
import { judge, type ProvableRule, type Verdict } from "./judge.ts";

/** An update as a verifier holds it. */
export interface SummedUpdate {
  readonly floats: Float32Array;
  /** 1 … 2^32. */
  readonly sampleCount: number;
}

export interface WrongCoordinate {
  readonly coordinate: number;
  /** Never "right". */
  readonly verdict: Exclude<Verdict, "right">;
}

/**
 * Coordinates of a claimed model that are not the rule's result, ascending. Bits are compared with `expected`, the result
 * a verifier computed anyway; the two tests then judge the few that differ.
 *
 * @param updates ascending by client address
 * @param limit stop after so many
 * @throws QuorateError FAULT_SHAPE if lengths differ; as `judge`
 */
export function findWrongCoordinates(
  claim: Float32Array,
  expected: Float32Array,
  { updates, rule, limit = 1 }: { updates: readonly SummedUpdate[]; rule: ProvableRule; limit?: number },
): readonly WrongCoordinate[] {
  for (const { length } of [expected, ...updates.map(({ floats }) => floats)])
    if (length !== claim.length)
      throw new QuorateError(
        "FAULT_SHAPE",
        `models of ${claim.length} and ${length} values can't be compared`,
        {
          claim: claim.length,
          other: length,
        },
      );
  const claimed = bitsOf(claim);
  const right = bitsOf(expected);
  const columns = updates.map(({ floats }) => bitsOf(floats));
  const samples = updates.map(({ sampleCount }) => sampleCount);
  const found: WrongCoordinate[] = [];
  for (let j = 0; j < claim.length && found.length < limit; j++) {
    if (claimed[j] === right[j]) continue;
    const verdict = judge(rule, claimed[j] as number, {
      samples,
      column: columns.map((row) => row[j] as number),
    });
    if (verdict !== "right") found.push({ coordinate: j, verdict });
  }
  return found;
}

/** The bits of the values, without a copy. */
export function bitsOf(floats: Float32Array): Uint32Array {
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}
