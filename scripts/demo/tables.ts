import Table from "cli-table3";
import type { Report, ReportRound } from "./report-schema.ts";

/** Short names of accounts in tables: "miner 1", "client 2". */
export type Names = Readonly<Record<string, string>>;

const WAD = 10n ** 18n;

/** A round as text: one line of its outcome, then a table of miners and one of clients. */
export function roundTable(round: ReportRound, names: Names): string {
  return `${roundLine(round)}\n${minerTable(round, names)}\n${clientTable(round, names)}`;
}

function minerTable(round: ReportRound, names: Names): string {
  const table = new Table({ head: ["miner", "signed", "vote", "weight", "reputation"], style: plain });
  for (const [miner, reputation] of Object.entries(round.reputation)) {
    const votes = round.votes.filter((vote) => vote.miner === miner);
    const signed = round.proposals.filter((proposal) => proposal.miner === miner);
    table.push([
      nameOf(names, miner),
      signed.map((proposal) => proposal.candidate.slice(0, 10)).join(" ") || "–",
      votes.map((vote) => `${vote.support ? "yes" : "no"} ${percent(vote.confidenceBps)}`).join(", ") ||
        "absent",
      votes[0] ? amount(BigInt(votes[0].weight)) : "–",
      decimal(BigInt(reputation), 2),
    ]);
  }
  return table.toString();
}

function clientTable(round: ReportRound, names: Names): string {
  const head = ["client", "received", "weight", "Shapley (correct answers)", "payout"];
  const table = new Table({ head, style: plain });
  const byName = (a: string, b: string) =>
    nameOf(names, a).localeCompare(nameOf(names, b), "en", { numeric: true });
  for (const client of Object.keys(round.shapley).sort(byName)) {
    const value = Number(round.shapley[client]) / Number(round.shapleyDenominator);
    table.push([
      nameOf(names, client),
      "yes",
      weightText(round.selection, client),
      value.toFixed(2),
      `${amount(BigInt(round.payouts[client] ?? "0"))} QRT`,
    ]);
  }
  for (const address of Object.keys(names).filter((each) => isMissing(round, names, each))) {
    const [, why] = Object.entries(round.refused).find(([client]) => client.toLowerCase() === address) ?? [];
    // Without a manifest nobody knows what arrived.
    const received = why ? `refused: ${why}` : round.selection ? "no" : "–";
    table.push([nameOf(names, address), received, "–", "–", "–"]);
  }
  return table.toString();
}

function nameOf(names: Names, address: string): string {
  return names[address.toLowerCase()] ?? shorten(address);
}

/** A client without an update in the manifest: it sent none, or one that was refused. */
function isMissing({ shapley }: ReportRound, names: Names, address: string): boolean {
  if (!names[address]!.startsWith("client")) return false;
  return !Object.keys(shapley).some((client) => client.toLowerCase() === address);
}

/** What part an update has in the model, or why it has none. */
function weightText(selection: ReportRound["selection"], client: string): string {
  const weight = selection?.weights[client];
  if (weight === undefined) return "–";
  return selection?.unweighted[client] ?? (weight === null ? "by coordinate" : percent(weight));
}

/** The outcome of a round in one line. */
export function roundLine(round: ReportRound): string {
  const winner = round.candidate ? `winner ${round.candidate.slice(0, 10)}` : "no winner";
  const accuracy =
    round.testAccuracy === null
      ? ""
      : `, test accuracy ${(100 * round.testAccuracy).toFixed(2)} %, validation ${round.validationScore}`;
  const gas = `gas ${thousands(round.gas.total)} in ${round.transactions.length} transactions`;
  return `round ${round.round}: ${round.status}, ${winner}, ratio ${percent(round.ratioBps)}${accuracy}, ${gas}`;
}

const SUMMARY_HEAD =
  "round,status,final,ratio,test accuracy,validation,propose gas,settle gas,claim gas,gas,transactions".split(
    ",",
  );

/** All rounds of a run, a line each. */
export function summaryTable(report: Report): string {
  const table = new Table({ head: SUMMARY_HEAD, style: plain });
  for (const round of report.rounds) {
    const accuracy = round.testAccuracy === null ? "–" : `${(100 * round.testAccuracy).toFixed(2)} %`;
    const { propose, settle, claim, total } = round.gas;
    table.push([
      round.round,
      round.status,
      round.final ? "yes" : "no",
      percent(round.ratioBps),
      accuracy,
      round.validationScore ?? "–",
      ...[propose, settle, claim, total].map(thousands),
      round.transactions.length,
    ]);
  }
  return table.toString();
}

/** Totals of a run per client: Shapley value in correct validation answers, and what was paid. */
export function contributionTable(report: Report, names: Names, labelNoise: readonly number[]): string {
  const table = new Table({ head: ["client", "label noise", "Shapley, all rounds", "paid"], style: plain });
  for (const { client, shapley, paid } of contributions(report, names)) {
    const index = Number(client.split(" ")[1]) - 1;
    const noise = labelNoise[index] === undefined ? "–" : `${Math.round(100 * labelNoise[index])} %`;
    table.push([client, noise, shapley.toFixed(2), `${amount(paid)} QRT`]);
  }
  return table.toString();
}

/** Shapley totals and payouts over all rounds, by client name. */
export function contributions(
  report: Report,
  names: Names,
): { client: string; shapley: number; paid: bigint }[] {
  const totals = new Map<string, { client: string; shapley: number; paid: bigint }>();
  for (const round of report.rounds)
    for (const [address, numerator] of Object.entries(round.shapley)) {
      const client = nameOf(names, address);
      const total = totals.get(client) ?? { client, shapley: 0, paid: 0n };
      total.shapley += Number(numerator) / Number(round.shapleyDenominator);
      total.paid += BigInt(round.payouts[address] ?? "0");
      totals.set(client, total);
    }
  return [...totals.values()].sort((a, b) => a.client.localeCompare(b.client, "en", { numeric: true }));
}

const plain = { head: [], border: [], compact: true };

/** Basis points as per cent. */
export function percent(basisPoints: number): string {
  return `${(basisPoints / 100).toFixed(2)} %`;
}

/** Whole tokens with two decimals, rounded down. */
export function amount(units: bigint): string {
  return decimal(units, 2);
}

function decimal(wad: bigint, digits: number): string {
  const scaled = wad / (WAD / 10n ** BigInt(digits));
  const text = String(scaled).padStart(digits + 1, "0");
  return `${thousands(text.slice(0, -digits))}.${text.slice(-digits)}`;
}

function thousands(value: number | string): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function shorten(address: string): string {
  return `${address.slice(0, 8)}…${address.slice(-4)}`;
}
