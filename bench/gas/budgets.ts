import type { GasTable } from "./recorder.ts";

/** Judging a proof by number of updates, with 96-byte references; a reference has 128, and a fifth on top is free. */
const PROOF_LIMITS = { 2: 105_390, 3: 133_510, 10: 330_530, 20: 611_220, 100: 2_860_610 };
const REFERENCE_WORD = 1_280;

/** A step and the most it may cost; `first` while storage it writes is still empty. */
interface Budget {
  step: string;
  steady: { limit: number; measured: number };
  first?: { limit: number; measured: number };
}

const perFurther = (gas: GasTable, few: number, many: number) =>
  Math.ceil((gas[`settle.${many}.steady`]! - gas[`settle.${few}.steady`]!) / (many - few));

function budgets(gas: GasTable): Budget[] {
  return [
    {
      step: "register with stake (first: in a new federation)",
      steady: { limit: 120_000, measured: gas["register.next"]! },
      first: { limit: 165_000, measured: gas["register.first"]! },
    },
    { step: "propose, both signatures", steady: { limit: 60_000, measured: gas["propose.both.steady"]! } },
    {
      step: "settle, 2 votes, opens the next round (first: ring filling)",
      steady: { limit: 170_000, measured: gas["settle.2.steady"]! },
      first: { limit: 215_000, measured: gas["settle.2.filling"]! },
    },
    { step: "each further voter, 2 to 10", steady: { limit: 20_000, measured: perFurther(gas, 2, 10) } },
    { step: "each further voter, 10 to 50", steady: { limit: 20_000, measured: perFurther(gas, 10, 50) } },
    {
      step: "claim, any number of rounds (first: of a client)",
      steady: { limit: 55_000, measured: gas["claim.steady"]! },
      first: { limit: 90_000, measured: gas["claim.first"]! },
    },
    {
      step: "round: 2 miners, 3 clients, every claim",
      steady: { limit: 400_000, measured: gas["round.steady"]! },
    },
    {
      step: "transactions of that round",
      steady: { limit: 5, measured: gas["round.steady.transactions"]! },
    },
    ...(
      [
        [4, 60_000],
        [16, 100_000],
      ] as const
    ).map(([members, limit]) => ({
      step: `anchor a checkpoint, committee of ${members}`,
      steady: { limit, measured: gas[`anchor.${members}.steady`]! },
    })),
    ...Object.entries(PROOF_LIMITS).map(([count, limit]) => ({
      step: `judging one coordinate of ${count} updates`,
      steady: {
        limit: Math.floor((limit + REFERENCE_WORD * Number(count)) * 1.2),
        measured: gas[`proof.${count}.refused`]!,
      },
    })),
  ];
}

/** Markdown: budget beside what was measured. */
export function budgetTable(gas: GasTable): string {
  const rows = budgets(gas).map(({ step, steady, first }) => {
    const over = [steady, first].filter((value) => value !== undefined).some((v) => v.measured > v.limit);
    const cells = [steady.limit, steady.measured, first?.limit, first?.measured];
    return `| ${step} | ${cells.map(number).join(" | ")} | ${over ? "**exceeded**" : "kept"} |`;
  });
  return [
    "| step | budget, steady | measured | budget, first | measured | |",
    "|---|---:|---:|---:|---:|---|",
    ...rows,
  ].join("\n");
}

function number(value: number | undefined): string {
  return value === undefined ? "" : value.toLocaleString("en-US");
}
