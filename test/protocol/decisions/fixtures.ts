import fc from "fast-check";
import { type Hex, ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { readPairs } from "../../../coordinator/protocol/decisions/kind.ts";
import { kindOf } from "../../../coordinator/protocol/decisions/kinds.ts";
import type { Ballot } from "../../../coordinator/protocol/decisions/operations.ts";
import type { Committee } from "../../../coordinator/protocol/praft/config.ts";
import { committeeWith, hashOf } from "../praft/fixtures.ts";

export const TASK = hashOf("task");

/** Subjects in rising order. */
export function subjects(count: number): Hex[] {
  return Array.from({ length: count }, (_, i) => hashOf(`subject ${i}`)).sort();
}

export function ballot(signer: number, subject: Hex, score: number, confidence = 10_000): Ballot {
  const signature = new Uint8Array();
  return {
    operation: "ballot",
    task: TASK,
    subject,
    signer,
    score,
    confidence,
    evidence: ZERO_HASH,
    signature,
  };
}

/** What the kind of that name makes of ballots, as pairs; undefined: undecided. */
export function decide(
  name: string,
  committee: Committee,
  parameters: Uint8Array,
  cast: { readonly ballots: readonly Ballot[]; readonly accounts?: Map<Hex, number> },
): [Hex, number][] | undefined {
  const bySubject = new Map<Hex, Ballot[]>();
  for (const each of cast.ballots)
    bySubject.set(each.subject, [...(bySubject.get(each.subject) ?? []), each]);
  const kind = kindOf(name)!;
  const credits = () => cast.accounts ?? new Map<Hex, number>();
  const outcome = kind.decide(kind.read(parameters), { committee, task: TASK, bySubject, credits });
  return outcome && readPairs(outcome);
}

/** A committee of 2 to 8, and which members lie: of weight F at most, as many as fit in a random order. */
export const committeeWithLiars = fc
  .array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 8 })
  .chain((weights) =>
    fc.record({
      weights: fc.constant(weights),
      order: fc.shuffledSubarray([...weights.keys()], {
        minLength: weights.length,
        maxLength: weights.length,
      }),
    }),
  )
  .map(({ weights, order }) => {
    const committee = committeeWith(weights);
    let left = committee.faulty;
    const liars = new Set<number>();
    for (const i of order)
      if (weights[i]! <= left) {
        liars.add(i);
        left -= weights[i]!;
      }
    return { committee, liars };
  });
