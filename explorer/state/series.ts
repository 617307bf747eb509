import type { FederationView } from "../../coordinator/protocol/views/federation-view.ts";
import type { RoundPoint } from "../chain/history.ts";
import type { Series } from "../ui/plot.tsx";

const PERCENT = 100;
const WAD = 1e18;

/** Share of right answers of the agreed models, per cent. */
export function accuracySeries(points: ReadonlyMap<number, RoundPoint>, validationSize: number): Series[] {
  if (validationSize === 0) return [];
  const agreed = [...points.values()].filter(
    ({ status, score }) => ["agreed", "ratified"].includes(status) && score !== null,
  );
  const line = agreed.map(({ round, score }) => ({ x: round, y: (PERCENT * score!) / validationSize }));
  return [{ name: "accuracy", points: line }];
}

/** Ratio of the agreed rounds, per cent. */
export function ratioSeries(points: ReadonlyMap<number, RoundPoint>): Series[] {
  const decided = [...points.values()].filter(({ ratioBps }) => ratioBps !== null);
  const line = decided.map(({ round, ratioBps }) => ({ x: round, y: ratioBps! / PERCENT }));
  return [{ name: "ratio", points: line }];
}

/** What to plot of miners. */
export type MinerValue = "reputation" | "stake" | "weight";

/** A value of miners after each round in which they voted. */
export function minerSeries(
  view: FederationView,
  value: MinerValue,
  nameOf: (miner: string) => string,
  only?: string,
): Series[] {
  const lines = new Map<string, { x: number; y: number }[]>();
  for (const record of view.rounds.values())
    for (const score of record.scores) {
      if (only && score.miner.toLowerCase() !== only.toLowerCase()) continue;
      const line = lines.get(score.miner) ?? [];
      line.push({ x: Number(record.round), y: Number(score[value]) / WAD });
      lines.set(score.miner, line);
    }
  return [...lines].map(([miner, points]) => ({ name: nameOf(miner), points }));
}
