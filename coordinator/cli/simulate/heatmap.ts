import { type Grid, gridsOf, type Outcome, percent } from "./outcome.ts";

const CELL = { width: 86, height: 26 };
/** Of a letter at 13 px, generously: rules' names must fit. */
const LETTER_WIDTH = 7;
const HEAD_HEIGHT = 58;
const GAP = 24;

/** An SVG picture of the outcomes: one panel per way to split the data, green is learnt, red is not. */
export function plotHeatmap(outcomes: readonly Outcome[]): string {
  const panels: string[] = [];
  const longest = Math.max(0, ...outcomes.map(({ rule }) => rule.length));
  const labels = 2 * GAP + LETTER_WIDTH * longest;
  let top = 0;
  let width = 0;
  for (const grid of gridsOf(outcomes)) {
    panels.push(`<g transform="translate(0 ${top})">\n${panel(grid, labels)}\n</g>`);
    top += HEAD_HEIGHT + CELL.height * grid.rules.length + GAP;
    width = Math.max(width, labels + CELL.width * grid.attacks.length);
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" font-family="sans-serif" font-size="13">`,
    "<title>Test accuracy by rule and attack</title>",
    `<rect width="${width}" height="${top}" fill="#ffffff"/>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}

/** @param labels width of the rules' names */
function panel({ split, rules, attacks, seeds, accuracy }: Grid, labels: number): string {
  const head = attacks.map((attack, i) => {
    const x = labels + CELL.width * (i + 0.5);
    return text(attack, x, HEAD_HEIGHT - 10, "middle");
  });
  const rows = rules.flatMap((rule, r) => {
    const y = HEAD_HEIGHT + CELL.height * r;
    const cells = attacks.map((attack, i) => {
      const x = labels + CELL.width * i;
      const value = accuracy(rule, attack);
      const box = `<rect x="${x}" y="${y}" width="${CELL.width - 2}" height="${CELL.height - 2}" fill="${colour(value)}"/>`;
      return box + text(percent(value), x + CELL.width / 2, y + 17, "middle");
    });
    return [text(rule, labels - 8, y + 17, "end"), ...cells];
  });
  return [text(`test accuracy, data ${split}, ${seedsText(seeds)}`, 8, 20, "start"), ...head, ...rows].join(
    "\n",
  );
}

function seedsText(seeds: readonly string[]): string {
  return seeds.length === 1 ? `seed ${seeds[0]}` : `mean over seeds ${seeds.join(", ")}`;
}

function text(content: string, x: number, y: number, anchor: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${content.replace(/&/g, "&amp;").replace(/</g, "&lt;")}</text>`;
}

/** Ten classes: 10 % is nothing learnt. */
function colour(accuracy: number | null): string {
  if (accuracy === null) return "#dddddd";
  const learnt = Math.min(1, Math.max(0, (accuracy - 0.1) / 0.8));
  return `hsl(${Math.round(120 * learnt ** 2)} 65% 72%)`;
}
