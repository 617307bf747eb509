import type { Outcome } from "./tally.ts";

/** Reputation is counted in these steps on chain: 1/10,000 of 1.0. */
export const WAD_PER_REPUTATION_STEP = 10n ** 14n;

/** What a miner did in a settled round, one entry for each candidate. */
export interface Conduct {
  readonly outcome: Outcome;
  /** Signed the candidate as a proposer. */
  readonly signed: boolean;
  /** Its vote that was counted; undefined if it gave none. */
  readonly support?: boolean | undefined;
}

/** Bounds and steps of a federation, in 1/10,000. */
export interface ReputationRule {
  readonly min: bigint;
  readonly max: bigint;
  readonly gain: bigint;
  readonly loss: bigint;
}

/**
 * The one step of a miner whose vote was counted, in 1/10,000: down for signing a disagreed candidate, a no on an agreed
 * or a yes on a disagreed one; else up, but a drawn proposer must have signed an agreed candidate. A failed round
 * judges absence alone.
 *
 * @param drawn rank 0 or 1
 * @param agreed the round agreed a candidate
 */
export function reputationStep(
  conduct: readonly Conduct[],
  about: { readonly drawn: boolean; readonly agreed: boolean; readonly rule: ReputationRule },
): bigint {
  const { drawn, agreed, rule } = about;
  if (!agreed) return 0n;
  const wrong = conduct.some(
    ({ outcome, signed, support }) =>
      (outcome === "disagreed" && (signed || support === true)) ||
      (outcome === "agreed" && support === false),
  );
  if (wrong) return -rule.loss;
  const signedAgreed = conduct.some(({ outcome, signed }) => outcome === "agreed" && signed);
  return drawn && !signedAgreed ? 0n : rule.gain;
}

/** Reputation in WAD after a step, kept within the rule's bounds. */
export function stepReputation(reputation: bigint, step: bigint, rule: ReputationRule): bigint {
  const moved = reputation / WAD_PER_REPUTATION_STEP + step;
  const bounded = moved < rule.min ? rule.min : moved > rule.max ? rule.max : moved;
  return bounded * WAD_PER_REPUTATION_STEP;
}
