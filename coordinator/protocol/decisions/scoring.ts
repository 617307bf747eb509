import type { Hex } from "../bytes.ts";
import type { Committee } from "../praft/config.ts";
import { type Ballot, FULL } from "./operations.ts";

/** Confidence below that counts as that: a ballot always has some say, and no sum of weights is zero. */
const LEAST_QUALITY = 1_000;
/** Unit of a support: parts of the whole committee's weight × quality × full score. */
export const SUPPORT_UNIT = 1_000_000_000;

/** What the ballots on one subject come to. */
export interface Standing {
  readonly subject: Hex;
  /** Mean by weight × quality of scores brought into the range that weight F cannot move out of the honest one. */
  readonly score: number;
  /** Σ weight × quality × score over the ballots ÷ Σ weight × quality × `full` over the whole committee, in 1/10^9. */
  readonly support: number;
}

/**
 * Weights in deciding: nobody counts more than all others together, so that a lone voter never has more than half. A lone
 * member of a committee counts nothing.
 */
export function clippedWeights({ members, total }: Committee): number[] {
  return members.map(({ weight }) => Math.min(weight, total - weight));
}

/** Weight ≥ Q took part, and more than half of the clipped weight. `signers` are distinct. */
export function isQuorum(committee: Committee, signers: readonly number[]): boolean {
  const clipped = clippedWeights(committee);
  const sum = (weights: readonly number[]) => signers.reduce((all, signer) => all + weights[signer]!, 0);
  const raw = sum(committee.members.map(({ weight }) => weight));
  return raw >= committee.quorum && 2 * sum(clipped) > clipped.reduce((all, weight) => all + weight, 0);
}

/**
 * The standing of a subject by its ballots, one per member, or undefined below a quorum. `full` is the highest score of the
 * kind. The order of the ballots plays no part.
 */
export function standingOf(
  committee: Committee,
  subject: Hex,
  ballots: readonly Ballot[],
  full: number,
): Standing | undefined {
  if (
    !isQuorum(
      committee,
      ballots.map(({ signer }) => signer),
    )
  )
    return undefined;
  const clipped = clippedWeights(committee);
  const [low, high] = safeRange(committee, ballots);
  let scores = 0n;
  let weights = 0n;
  let everyone = clipped.reduce((sum, weight) => sum + BigInt(weight) * BigInt(FULL), 0n);
  for (const { signer, score, confidence } of ballots) {
    const quality = BigInt(Math.max(LEAST_QUALITY, confidence));
    const weight = BigInt(clipped[signer]!) * quality;
    scores += weight * BigInt(Math.min(high, Math.max(low, score)));
    weights += weight;
    everyone -= BigInt(clipped[signer]!) * (BigInt(FULL) - quality);
  }
  const support = Number((scores * BigInt(SUPPORT_UNIT)) / (everyone * BigInt(full)));
  return { subject, score: Number(scores / weights), support };
}

/**
 * The lowest and highest score with more than F of the weight at or beyond it: an honest member scored no higher than the
 * first, and one no lower than the second. Not clipped: F is a statement about weights as they are.
 */
function safeRange({ members, faulty }: Committee, ballots: readonly Ballot[]): [number, number] {
  const edge = (order: (a: Ballot, b: Ballot) => number): number => {
    let weight = 0;
    for (const { signer, score } of ballots.toSorted(order)) {
      weight += members[signer]!.weight;
      if (weight > faulty) return score;
    }
    return 0;
  };
  return [edge((a, b) => a.score - b.score), edge((a, b) => b.score - a.score)];
}
