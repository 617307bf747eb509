import type { Split } from "../../protocol/attacks/simulation.ts";

/** One run of a simulation. */
export interface Outcome {
  readonly split: Split;
  readonly rule: string;
  readonly attack: string;
  readonly seed: string;
  /** Part of the test images classified rightly, 0 … 1; null if the rule had too few updates to work. */
  readonly accuracy: number | null;
  /** Updates refused because they were not finite or too large. */
  readonly refused: number;
  /** Mean part of all hostile updates; null where coordinates decide for themselves. */
  readonly hostileShare: number | null;
}

/** The outcomes of one way to split the data as a table: rows are rules, columns attacks, cells means over seeds. */
export interface Grid {
  readonly split: Split;
  readonly rules: readonly string[];
  readonly attacks: readonly string[];
  readonly seeds: readonly string[];
  readonly accuracy: (rule: string, attack: string) => number | null;
}

export function gridsOf(outcomes: readonly Outcome[]): Grid[] {
  return [...new Set(outcomes.map(({ split }) => split))].map((split) => {
    const own = outcomes.filter((outcome) => outcome.split === split);
    return {
      split,
      rules: [...new Set(own.map(({ rule }) => rule))],
      attacks: [...new Set(own.map(({ attack }) => attack))],
      seeds: [...new Set(own.map(({ seed }) => seed))],
      accuracy: (rule, attack) => {
        const cell = own.filter((outcome) => outcome.rule === rule && outcome.attack === attack);
        if (cell.length === 0 || cell.some(({ accuracy }) => accuracy === null)) return null;
        return cell.reduce((sum, { accuracy }) => sum + accuracy!, 0) / cell.length;
      },
    };
  });
}

/** One line per run. */
export function toCsv(outcomes: readonly Outcome[]): string {
  const lines = outcomes.map(({ split, rule, attack, seed, accuracy, refused, hostileShare }) =>
    [split, rule, attack, seed, accuracy ?? "", refused, hostileShare?.toFixed(6) ?? ""].join(","),
  );
  return `split,rule,attack,seed,accuracy,refused,hostile_share\n${lines.join("\n")}\n`;
}

export function percent(accuracy: number | null): string {
  return accuracy === null ? "too few" : `${(100 * accuracy).toFixed(1)} %`;
}
