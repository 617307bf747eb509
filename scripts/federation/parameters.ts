/** Settings of a federation, in the order of IRoundConsensus.Parameters; durations in seconds of block time. */
export interface FederationParameters {
  readonly collectMin: number;
  readonly collectMax: number;
  readonly proposeSlot: number;
  readonly voteWindow: number;
  readonly voteGrace: number;
  readonly challengeWindow: number;
  readonly answerTime: number;
  readonly minRoundInterval: number;
  readonly quorumBps: number;
  readonly minConfidenceBps: number;
  readonly reputationStart: number;
  readonly reputationMin: number;
  readonly reputationMax: number;
  readonly reputationGain: number;
  readonly reputationLoss: number;
  readonly absenceLimit: number;
  readonly roundBudget: bigint;
  readonly minStake: bigint;
  readonly maxStake: bigint;
}

/** A set of settings, the number of ring slots that fits its challenge window, and what a request for a leaf costs. */
export interface Profile {
  readonly parameters: FederationParameters;
  readonly ringSlots: number;
  /** Smallest unit of the token; 1/1,000 to 1/50 of the least stake. */
  readonly leafBond: bigint;
}

const TOKEN = 10n ** 18n;

const COMMON = {
  quorumBps: 6_700,
  minConfidenceBps: 8_000,
  reputationStart: 10_000,
  reputationMin: 1_000,
  reputationMax: 20_000,
  reputationGain: 1_000,
  reputationLoss: 500,
  absenceLimit: 3,
  roundBudget: 100n * TOKEN,
  minStake: 1_000n * TOKEN,
  maxStake: 100_000n * TOKEN,
} as const;

/** `demo`: rounds of seconds, for one machine. `default`: rounds of minutes to hours, for a federation. */
export const PROFILES: Readonly<Record<"demo" | "default", Profile>> = {
  demo: {
    parameters: {
      collectMin: 3,
      collectMax: 20,
      proposeSlot: 10,
      voteWindow: 10,
      voteGrace: 5,
      challengeWindow: 15,
      answerTime: 10,
      minRoundInterval: 1,
      ...COMMON,
    },
    ringSlots: 6,
    leafBond: 10n * TOKEN,
  },
  default: {
    parameters: {
      collectMin: 600,
      collectMax: 21_600,
      proposeSlot: 1_800,
      voteWindow: 3_600,
      voteGrace: 1_800,
      challengeWindow: 86_400,
      answerTime: 21_600,
      minRoundInterval: 60,
      ...COMMON,
    },
    ringSlots: 256,
    leafBond: 10n * TOKEN,
  },
};
