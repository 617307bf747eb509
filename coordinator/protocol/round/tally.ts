import { compareHex, type Hex } from "../bytes.ts";
import { REASON } from "./messages.ts";

/** Share of all active weight that must say yes, in basis points. */
export const AGREEMENT_BPS = 6_700n;
/** An agreed candidate needs at least this many miners. */
export const AGREEMENT_MINERS = 2;

const BPS = 10_000n;

/** A vote as it enters the tally; `weight` is the voter's at the opening (stake × reputation), 0 if it was slashed since. */
export interface WeighedVote {
  readonly miner: Hex;
  readonly support: boolean;
  /** Basis points, 8,000–10,000. */
  readonly confidence: number;
  readonly weight: bigint;
}

/** What is tallied: all votes on one candidate, its signers, the weight of all active miners. */
export interface TallyInput {
  readonly votes: readonly WeighedVote[];
  /** Miners that signed the candidate, with their weights. One or two. */
  readonly signers: readonly { readonly miner: Hex; readonly weight: bigint }[];
  readonly activeWeight: bigint;
  /** Proven wrong: no votes can agree it any more. */
  readonly struck?: boolean;
  /** Miners whose vote counts. Two or more if absent. */
  readonly voters?: number;
}

/** `degraded`: the only miner whose vote counts said yes. Nobody could check it, so the model is provisional. */
export type Outcome = "agreed" | "disagreed" | "degraded" | "pending";

export interface Tally {
  readonly outcome: Outcome;
  /** Σ weight × confidence of yes ÷ active weight, basis points, rounded down. */
  readonly ratioBps: number;
  readonly yesMiners: number;
}

/**
 * Judges one candidate. Agreed: 67 % of all active weight said yes, by at least two miners, and if only one miner
 * signed the candidate, the others' yes exceeds half of the others' weight. Disagreed: 67 % is out of reach.
 */
export function tally(input: TallyInput): Tally {
  const yes = input.votes.filter((vote) => vote.support && vote.weight > 0n);
  const yesWeight = sum(yes.map((vote) => vote.weight * BigInt(vote.confidence)));
  const votedWeight = sum(input.votes.map((vote) => vote.weight));
  const { activeWeight, struck } = input;
  const ratioBps = activeWeight === 0n ? 0 : Number(yesWeight / activeWeight);
  if (struck) return { outcome: "disagreed", ratioBps, yesMiners: yes.length };
  const enough = activeWeight > 0n && yesWeight >= AGREEMENT_BPS * activeWeight;
  if (enough && yes.length >= AGREEMENT_MINERS && othersAgree(input, yes))
    return { outcome: "agreed", ratioBps, yesMiners: yes.length };
  if (enough && input.voters === 1) return { outcome: "degraded", ratioBps, yesMiners: yes.length };
  const reachable = yesWeight + (activeWeight - votedWeight) * BPS;
  const lost = activeWeight === 0n || reachable < AGREEMENT_BPS * activeWeight;
  return { outcome: lost ? "disagreed" : "pending", ratioBps, yesMiners: yes.length };
}

/** The majority of the others: stops a sole proposer with 67 % of the weight from passing its own work. */
function othersAgree(input: TallyInput, yes: readonly WeighedVote[]): boolean {
  if (input.signers.length !== 1) return true;
  const [signer] = input.signers;
  const othersYes = yes.filter((vote) => compareHex(vote.miner, signer!.miner) !== 0);
  const othersYesWeight = sum(othersYes.map((vote) => vote.weight * BigInt(vote.confidence)));
  return 2n * othersYesWeight > (input.activeWeight - signer!.weight) * BPS;
}

/**
 * The winner among agreed (or, of a lone miner, degraded) candidates: the lowest rank that signed one (the primary's, else
 * the secondary's, else the lower rank). The order in which candidates were posted plays no part.
 */
export function winner<T extends { readonly outcome: Outcome; readonly rank: number }>(
  candidates: readonly T[],
): T | undefined {
  return candidates
    .filter(({ outcome }) => outcome === "agreed" || outcome === "degraded")
    .reduce<T | undefined>((best, next) => (best && best.rank <= next.rank ? best : next), undefined);
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

/** A vote as far as it decides which of two by one miner on one candidate counts. */
export interface Replaceable {
  readonly support: boolean;
  /** Absent if whoever read the vote does not know it. */
  readonly reason?: number;
}

/**
 * Whether a vote counts although another by its author on the same candidate is on chain: only the yes that replaces a no
 * about withheld data does. Whoever signed anything else twice is counted by what is on chain.
 */
export function mayFollow(cast: Replaceable, vote: Replaceable): boolean {
  return !cast.support && cast.reason === REASON.withheld && vote.support;
}
