import { FEDAVG, formatRule } from "../../coordinator/protocol/aggregation/rule.ts";
import type { Report, ReportRound } from "./report-schema.ts";
import { contributions } from "./tables.ts";

/** One thing that must hold for the demo to succeed. */
export interface DemoCheck {
  readonly name: string;
  readonly ok: boolean;
  /** What was found; shown when it does not hold. */
  readonly detail: string;
}

/** What the checks need besides the report. */
export interface CheckInputs {
  readonly report: Report;
  readonly rounds: number;
  readonly miners: number;
  /** Score of the genesis model on the validation set. */
  readonly genesisScore: number;
  /** A round's pay, smallest unit of the token. */
  readonly roundBudget: bigint;
  readonly money: Money;
  /** Exit codes of `quorate verify`, by round. */
  readonly verified: ReadonlyMap<number, number>;
}

/** Token balances at the end, in the token's smallest unit. */
export interface Money {
  readonly supply: bigint;
  /** Sum over everybody: deployer, what was slashed, registry, pot, miners, clients. */
  readonly balances: bigint;
  readonly registryBalance: bigint;
  readonly staked: bigint;
  readonly potBalance: bigint;
  readonly funded: bigint;
  readonly claimed: bigint;
}

/** Judges a finished run. */
export function checkRun(inputs: CheckInputs): DemoCheck[] {
  const { report, money } = inputs;
  const paid = contributions(report, {}).reduce((sum, client) => sum + client.paid, 0n);
  return [
    check("every round was agreed", report.rounds.length === inputs.rounds && all(report, isAgreed), () =>
      report.rounds.map(({ round, status }) => `${round} ${status}`).join(", "),
    ),
    check("one candidate, signed by both proposers, in every round", all(report, hasOneCandidateOfTwo), () =>
      report.rounds.map(({ round, proposals }) => `${round}: ${proposals.length} proposals`).join(", "),
    ),
    check(
      "every miner voted yes in every round",
      all(
        report,
        (round) => round.votes.length === inputs.miners && round.votes.every(({ support }) => support),
      ),
      () => report.rounds.map(({ round, votes }) => `${round}: ${votes.length} votes`).join(", "),
    ),
    check(
      "every round is final",
      all(report, ({ final }) => final),
      () => report.rounds.map(({ round, final }) => `${round} ${final}`).join(", "),
    ),
    shapleyCheck(inputs),
    check(
      "payouts of a round add up to its budget, or nobody was paid",
      all(report, (round) => [0n, inputs.roundBudget].includes(paidIn(round))),
      () => report.rounds.map((round) => `${round.round}: ${paidIn(round)}`).join(", "),
    ),
    check("everything paid out was claimed", money.claimed === paid, () => `${money.claimed} of ${paid}`),
    check("tokens are conserved", isConserved(money), () =>
      Object.entries(money)
        .map(([name, value]) => `${name} ${value}`)
        .join(", "),
    ),
    check(
      "quorate verify is clean for every round",
      report.rounds.every(({ round }) => inputs.verified.get(round) === 0),
      () => [...inputs.verified].map(([round, code]) => `${round}: exit ${code}`).join(", "),
    ),
  ];
}

/**
 * Efficiency: the values of a round add up to what its model gained over its base. With another rule than FedAvg they
 * add up to what FedAvg of the updates with weight would have gained, which the report doesn't tell.
 */
function shapleyCheck({ report, genesisScore }: CheckInputs): DemoCheck {
  let base = genesisScore;
  const wrong: string[] = [];
  for (const round of report.rounds) {
    if (round.validationScore === null || !isFedAvg(round)) continue;
    const sum = Object.values(round.shapley).reduce((total, value) => total + BigInt(value), 0n);
    const gained = BigInt(round.shapleyDenominator) * BigInt(round.validationScore - base);
    if (sum !== gained) wrong.push(`round ${round.round}: ${sum} instead of ${gained}`);
    base = round.validationScore;
  }
  return check("Shapley values add up to what each model gained", wrong.length === 0, () => wrong.join(", "));
}

function isFedAvg({ selection }: ReportRound): boolean {
  return selection === null || selection.rule === formatRule(FEDAVG);
}

function isAgreed({ status }: ReportRound): boolean {
  return status === "agreed";
}

function hasOneCandidateOfTwo({ candidate, proposals }: ReportRound): boolean {
  const miners = new Set(proposals.map(({ miner }) => miner));
  return miners.size === 2 && proposals.every((proposal) => proposal.candidate === candidate);
}

function paidIn({ payouts }: ReportRound): bigint {
  return Object.values(payouts).reduce((sum, value) => sum + BigInt(value), 0n);
}

export function isConserved(money: Money): boolean {
  const pot = money.potBalance === money.funded - money.claimed;
  return money.balances === money.supply && money.registryBalance === money.staked && pot;
}

function all(report: Report, holds: (round: ReportRound) => boolean): boolean {
  return report.rounds.length > 0 && report.rounds.every(holds);
}

function check(name: string, ok: boolean, detail: () => string): DemoCheck {
  return { name, ok, detail: ok ? "" : detail() };
}
