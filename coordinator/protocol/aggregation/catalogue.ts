/** Rules that make one model of many updates. */
export type RuleName =
  | "fedavg"
  | "median"
  | "trimmed-mean"
  | "meamed"
  | "krum"
  | "multi-krum"
  | "mda"
  | "bulyan"
  | "geometric-median"
  | "centred-clipping";

/** Steps that turn updates into others before a rule sees them. */
export type StepName = "nnm" | "bucketing" | "norm-clipping" | "adaptive-clipping";

/**
 * A parameter of a rule or step. `f` is the number of updates assumed to be hostile; `whole` a positive integer;
 * `positive` a number from 1e-30 to 1e30; `variant` one of {@link KRUM_VARIANTS}.
 */
export interface Parameter {
  readonly name: "f" | "variant" | "s" | "iterations" | "nu" | "tau";
  readonly kind: "f" | "whole" | "positive" | "variant";
  /** Used if the parameter is left out; without one it is required. */
  readonly fallback?: number | string;
}

/** What a federation should know before it chooses a rule or step. */
export interface Description {
  readonly title: string;
  readonly parameters: readonly Parameter[];
  /** Fewest updates for a given f. */
  readonly least: (f: number, variant?: string) => number;
  /** The same as text. */
  readonly assumes: string;
  /**
   * "coordinate": each weight of the result follows from the same weight of the updates, so one wrong weight proves
   * the result wrong. "vote": only a recomputation of the whole shows it.
   */
  readonly provable: "coordinate" | "vote";
  /** K updates of d weights each. */
  readonly cost: string;
  readonly source: string;
}

/**
 * Krum sums the distances to the n − f − 2 nearest others as published ("blanchard"; Flower does the same), or to
 * n − f − 1 as ByzFL does ("byzfl").
 */
export const KRUM_VARIANTS = ["blanchard", "byzfl"] as const;
export type KrumVariant = (typeof KRUM_VARIANTS)[number];

const F: Parameter = { name: "f", kind: "f" };
const VARIANT: Parameter = { name: "variant", kind: "variant", fallback: "blanchard" };
const honestMajority = (f: number) => 2 * f + 1;
const krumLeast = (f: number, variant?: string) => (variant === "byzfl" ? 2 * f + 1 : 2 * f + 3);
const MAJORITY = "n ≥ 2f + 1";
const KRUM_ASSUMES = "n ≥ 2f + 3 (variant byzfl: 2f + 1)";
const KRUM_SOURCE = "Blanchard et al. 2017, https://arxiv.org/abs/1703.02757";
const NNM_SOURCE = "Allouah et al. 2023, https://arxiv.org/abs/2302.01772";

export const RULES: Readonly<Record<RuleName, Description>> = {
  fedavg: {
    title: "FedAvg: the mean, weighted by samples",
    parameters: [],
    least: () => 1,
    assumes: "every update honest",
    provable: "coordinate",
    cost: "K·d",
    source: "McMahan et al. 2017, https://arxiv.org/abs/1602.05629",
  },
  median: {
    title: "coordinate-wise median",
    parameters: [],
    least: () => 1,
    assumes: "fewer than half hostile",
    provable: "coordinate",
    cost: "K·log²K·d",
    source: "Yin et al. 2018, https://arxiv.org/abs/1803.01498",
  },
  "trimmed-mean": {
    title: "coordinate-wise mean without the f lowest and f highest",
    parameters: [F],
    least: honestMajority,
    assumes: MAJORITY,
    provable: "coordinate",
    cost: "K·log²K·d",
    source: "Yin et al. 2018, https://arxiv.org/abs/1803.01498",
  },
  meamed: {
    title: "coordinate-wise mean of the n − f values nearest to the median",
    parameters: [F],
    least: honestMajority,
    assumes: MAJORITY,
    provable: "coordinate",
    cost: "K·log²K·d",
    source: "Xie et al. 2018, https://arxiv.org/abs/1802.10116",
  },
  krum: {
    title: "the one update nearest to its nearest others",
    parameters: [F, VARIANT],
    least: krumLeast,
    assumes: KRUM_ASSUMES,
    provable: "vote",
    cost: "K²·d",
    source: KRUM_SOURCE,
  },
  "multi-krum": {
    title: "mean of the n − f updates that Krum scores best",
    parameters: [F, VARIANT],
    least: krumLeast,
    assumes: KRUM_ASSUMES,
    provable: "vote",
    cost: "K²·d",
    source: KRUM_SOURCE,
  },
  mda: {
    title: "mean of the n − f updates of smallest diameter",
    parameters: [F],
    least: honestMajority,
    assumes: MAJORITY,
    provable: "vote",
    cost: "K²·d + C(K, f)·K²",
    source: "El-Mhamdi et al. 2021, https://arxiv.org/abs/2008.00742",
  },
  bulyan: {
    title: "Krum n − 2f times, then the n − 4f values nearest to the median of each coordinate",
    parameters: [F],
    least: (f) => 4 * f + 3,
    assumes: "n ≥ 4f + 3",
    provable: "vote",
    cost: "K²·d + K·log²K·d",
    source: "El Mhamdi et al. 2018, https://arxiv.org/abs/1802.07927",
  },
  "geometric-median": {
    title: "smoothed Weiszfeld iterations, started at the base model",
    parameters: [
      { name: "nu", kind: "positive", fallback: 0.1 },
      { name: "iterations", kind: "whole", fallback: 3 },
    ],
    least: () => 1,
    assumes: "fewer than half hostile",
    provable: "vote",
    cost: "K²·d",
    source: "Pillutla et al. 2022, https://arxiv.org/abs/1912.13445",
  },
  "centred-clipping": {
    title: "mean of the differences to the base model, each clipped to length tau, repeated",
    parameters: [
      { name: "tau", kind: "positive" },
      { name: "iterations", kind: "whole", fallback: 1 },
    ],
    least: () => 1,
    assumes: "fewer than half hostile; an honest base model",
    provable: "vote",
    cost: "K²·d",
    source: "Karimireddy et al. 2021, https://arxiv.org/abs/2012.10333",
  },
};

export const STEPS: Readonly<Record<StepName, Description>> = {
  nnm: {
    title: "nearest-neighbour mixing: each update becomes the mean of its n − f nearest",
    parameters: [F],
    least: honestMajority,
    assumes: MAJORITY,
    provable: "vote",
    cost: "K²·d, twice",
    source: NNM_SOURCE,
  },
  bucketing: {
    title: "means of s updates drawn at random by the round's seed",
    parameters: [{ name: "s", kind: "whole" }],
    least: () => 1,
    assumes: "the rule that follows sees ⌈n/s⌉ updates, up to f of them hostile",
    provable: "vote",
    cost: "K·d",
    source: "Karimireddy et al. 2022, https://arxiv.org/abs/2006.09365",
  },
  "norm-clipping": {
    title: "differences to the base model clipped to length tau",
    parameters: [{ name: "tau", kind: "positive" }],
    least: () => 1,
    assumes: "an honest base model",
    provable: "vote",
    cost: "K·d",
    source: "Sun et al. 2019, https://arxiv.org/abs/1911.07963",
  },
  "adaptive-clipping": {
    title: "the ⌊2f(n − f)/n⌋ longest differences to the base model clipped to the longest other",
    parameters: [F],
    least: honestMajority,
    assumes: MAJORITY,
    provable: "vote",
    cost: "K·d",
    source: "Allouah et al. 2025, https://arxiv.org/abs/2405.14432",
  },
};
