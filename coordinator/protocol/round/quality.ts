/** How far below the best recent score a model may fall and still pass: 0.05 in basis points. */
export const SCORE_TOLERANCE_BPS = 500;
/** The best score counts over the agreed rounds within this many round numbers. */
export const SCORE_WINDOW_ROUNDS = 8;
/** Support is a quality of at least one half. */
export const SUPPORT_THRESHOLD_BPS = 5_000;

/** Confidence of a yes by a voter that recomputed model, score, Shapley values and payouts. */
export const CONFIDENCE_FULL_BPS = 10_000;
/** Confidence of a yes by a voter that recomputed the model and has no evaluator. */
export const CONFIDENCE_MODEL_ONLY_BPS = 8_000;

/**
 * Quality of a valid candidate in basis points. An invalid candidate has quality 0; without an evaluator a valid one
 * has 10,000.
 *
 * @param score correct answers on the validation set
 * @param setSize images in the validation set, > 0
 * @param bestRecent highest score of the agreed rounds within the last {@link SCORE_WINDOW_ROUNDS} round numbers,
 * undefined if there is none
 */
export function qualityBps(score: number, setSize: number, bestRecent: number | undefined): number {
  const accuracy = Math.floor((score * 10_000) / setSize);
  if (passesScore(score, setSize, bestRecent)) return Math.max(SUPPORT_THRESHOLD_BPS, accuracy);
  return Math.min(4_900, accuracy);
}

/** True if `score ÷ setSize ≥ bestRecent ÷ setSize − 0.05`, decided in integers. */
export function passesScore(score: number, setSize: number, bestRecent: number | undefined): boolean {
  if (bestRecent === undefined) return true;
  return score * 10_000 >= bestRecent * 10_000 - SCORE_TOLERANCE_BPS * setSize;
}
