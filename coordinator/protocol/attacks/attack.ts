import { QuorateError } from "../errors.ts";
import type { Prng } from "../learning/prng.ts";

/** What hostile clients send; τ, σ and the factor are `strength`. */
export type AttackName =
  | "none"
  | "sign-flip"
  | "ipm"
  | "alie"
  | "gaussian"
  | "label-flip"
  | "mimic"
  | "nan"
  | "infinity"
  | "scaling";

export interface Attack {
  readonly name: AttackName;
  readonly strength?: number;
}

interface AttackDescription {
  readonly title: string;
  /** Used if none is named; undefined if the attack has no strength. */
  readonly strength?: number;
  readonly source?: string;
}

export const ATTACKS: Readonly<Record<AttackName, AttackDescription>> = {
  none: { title: "the hostile clients behave" },
  "sign-flip": {
    title: "−mean of the honest",
    source: "Allen-Zhu et al. 2020, https://arxiv.org/abs/2012.14368",
  },
  ipm: {
    title: "−τ × mean of the honest (inner product manipulation)",
    strength: 5,
    source: "Xie et al. 2019, https://arxiv.org/abs/1903.03936",
  },
  alie: {
    title: "mean + τ × standard deviation of the honest (a little is enough)",
    strength: 1.5,
    source: "Baruch et al. 2019, https://arxiv.org/abs/1902.06156",
  },
  gaussian: { title: "normal noise of standard deviation σ", strength: 10 },
  "label-flip": { title: "honest training on label c − 1 − y", source: "https://arxiv.org/abs/2012.14368" },
  mimic: { title: "a copy of the first honest client", source: "https://arxiv.org/abs/2006.09365" },
  nan: { title: "no numbers" },
  infinity: { title: "infinities" },
  scaling: {
    title: "factor × mean of the honest",
    strength: 100,
    source: "Bagdasaryan et al. 2020, https://arxiv.org/abs/1807.00459",
  },
};

/**
 * Reads an attack as a command line names it: `ipm:5`, `alie:1.5`, `sign-flip`.
 * @throws QuorateError ATTACK_UNKNOWN, ATTACK_PARAMETER
 */
export function parseAttackText(text: string): Attack {
  const [name = "", value, ...more] = text.split(":");
  if (!Object.hasOwn(ATTACKS, name))
    throw new QuorateError(
      "ATTACK_UNKNOWN",
      `there is no attack "${name.slice(0, 60)}"; known: ${Object.keys(ATTACKS).join(", ")}`,
      { name },
    );
  const known = ATTACKS[name as AttackName];
  const strength = value === undefined ? known.strength : Number(value || Number.NaN);
  const usable =
    known.strength === undefined ? value === undefined : Number.isFinite(strength) && strength! > 0;
  if (!usable || more.length > 0)
    throw new QuorateError(
      "ATTACK_PARAMETER",
      known.strength === undefined
        ? `${name} has no strength, "${text}" gives one`
        : `the strength of ${name} must be one finite number above 0, as in ${name}:${known.strength}`,
      { name, value },
    );
  return { name: name as AttackName, ...(strength !== undefined && { strength }) };
}

/** The text that {@link parseAttackText} reads. */
export function formatAttack({ name, strength }: Attack): string {
  return strength === undefined ? name : `${name}:${strength}`;
}

/** The label that a label-flipping client trains with. */
export function flippedLabel(label: number, classes: number): number {
  return classes - 1 - label;
}

/** What an attack on values works with. */
export interface AttackInput {
  /** What the honest clients send, at least one, all of one length. */
  readonly honest: readonly Float32Array[];
  /** What the hostile client would send if it trained honestly; label flipping and "none" send it. */
  readonly own: Float32Array;
  /** Attacks act on differences to it: in a round the base model. All zeros by default. */
  readonly centre?: Float32Array;
  /** Of the Gaussian noise. */
  readonly prng: Prng;
}

/** What one hostile client sends. It knows what every honest one sends: the strongest assumption. */
export function forge({ name, strength = 1 }: Attack, input: AttackInput): Float32Array {
  const { honest, own, prng } = input;
  const centre = input.centre ?? new Float32Array(own.length);
  const around = (change: (j: number, from: number) => number) =>
    own.map((_, j) => Math.fround(centre[j]! + change(j, centre[j]!)) + 0);
  const mean = (j: number, from: number) => meanAt(honest, j) - from;
  switch (name) {
    case "none":
    case "label-flip":
      return own;
    case "sign-flip":
      return around((j, from) => -mean(j, from));
    case "ipm":
      return around((j, from) => -strength * mean(j, from));
    case "alie":
      return around((j, from) => mean(j, from) + strength * deviationAt(honest, j));
    case "gaussian":
      return around(() => strength * normal(prng));
    case "mimic":
      return Float32Array.from(honest[0]!);
    case "nan":
      return own.map(() => Number.NaN);
    case "infinity":
      return own.map(() => Number.POSITIVE_INFINITY);
    case "scaling":
      return around((j, from) => strength * mean(j, from));
  }
}

/**
 * A number of mean 0 and standard deviation 1: twelve uniform numbers added, less 6 (Irwin-Hall). Within 0.003 of the
 * normal distribution function, never beyond ±6, and made of additions alone, so the same everywhere.
 */
export function normal(prng: Prng): number {
  let sum = 0;
  for (let draw = 0; draw < 6; draw++) {
    const bits = prng.next();
    sum += (bits >>> 16) + (bits & 0xffff) + 1;
  }
  return sum / 65_536 - 6;
}

function meanAt(honest: readonly Float32Array[], j: number): number {
  let sum = 0;
  for (const row of honest) sum += row[j]!;
  return sum / honest.length;
}

/** Sample standard deviation; 0 for a single client. */
function deviationAt(honest: readonly Float32Array[], j: number): number {
  const mean = meanAt(honest, j);
  let sum = 0;
  for (const row of honest) sum += (row[j]! - mean) ** 2;
  return Math.sqrt(sum / Math.max(1, honest.length - 1));
}
