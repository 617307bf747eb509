import { formatUnits } from "ethers";
import type { Report } from "../../scripts/demo/report-schema.ts";

/** What the page of one round must say, worked out from the run's report alone. */
export interface PageFacts {
  /** Stretches of the page's visible text. */
  readonly text: readonly string[];
  /** Full hashes, which the text shows shortened. */
  readonly hashes: readonly string[];
}

/** @param names of miners and clients by address in lower case */
export function roundPageFacts(round: Report["rounds"][number], names: Record<string, string>): PageFacts {
  const { payouts, shapley, shapleyDenominator, gas, votes, reputation } = round;
  const name = (address: string) => names[address.toLowerCase()]!;
  const share = (client: string) =>
    grouped(Math.round((100 * Number(shapley[client])) / Number(shapleyDenominator)) / 100);
  return {
    text: [
      `Round ${round.round} ${round.status}${round.final ? " final" : ""}`,
      `ratio ${round.ratioBps! / 100} % participation ${round.participationBps / 100} %`,
      `validation score ${grouped(round.validationScore!)} of 6 000`,
      ...votes.map(
        (vote) => `${name(vote.miner)} ${vote.support ? "yes" : "no"} ${vote.confidenceBps / 100} %`,
      ),
      ...Object.entries(payouts).map(([client, sum]) => `${share(client)} ${formatUnits(sum, 18)} QRT`),
      ...Object.values(reputation).map((wad) => ` ${Number(formatUnits(wad, 18)).toFixed(2)} `),
      ...(["open", "propose", "settle", "claim", "total"] as const).map(
        (phase) => `${phase} ${grouped(gas[phase])}`,
      ),
    ],
    hashes: [round.candidate!, round.modelRoot!, round.modelCid!, ...round.transactions],
  };
}

/** As people read it: groups of three digits apart. */
function grouped(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 }).replaceAll(",", " ");
}
