import { useState } from "preact/hooks";
import { scaleOf, ticksOf } from "./scale.ts";

/** A line over rounds. */
export interface Series {
  readonly name: string;
  /** Ascending by x. */
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

interface PlotProps {
  readonly title: string;
  readonly series: readonly Series[];
  /** Text of a value. */
  readonly format: (y: number) => string;
  /** Lowest value on the axis; default: what the lines need. */
  readonly floor?: number;
  /** A line to compare with. */
  readonly mark?: { readonly y: number; readonly name: string };
  /** Areas that add up instead of lines. */
  readonly stacked?: boolean;
  /** For a plot as wide as the page. */
  readonly wide?: boolean;
}

const WIDTH = 560;
const WIDE = 1180;
const HEIGHT = 200;
const LEFT = 52;
const RIGHT = 10;
const TOP = 10;
const BOTTOM = 24;
/** More points than this cannot be told apart: every n-th is drawn. */
const MOST_POINTS = 400;
const COLOURS = 8;

/** Lines or stacked bars over rounds, with the values of the round under the pointer. */
export function Plot(props: PlotProps) {
  const [at, setAt] = useState<number | null>(null);
  const series = props.series
    .map((one) => ({ ...one, points: thin(one.points) }))
    .filter((one) => one.points.length);
  if (series.length === 0) return <p class="notice">Nothing to plot yet.</p>;
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const frame = frameOf(props, series, xs);
  const move = (event: PointerEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    setAt(nearest(xs, frame.x.invert(((event.clientX - box.left) / box.width) * frame.width)));
  };
  return (
    <figure class="plot">
      <figcaption>{props.title}</figcaption>
      <svg
        viewBox={`0 0 ${frame.width} ${HEIGHT}`}
        role="img"
        aria-label={`${props.title}: ${describe(series, props.format)}`}
        onPointerMove={move}
        onPointerLeave={() => setAt(null)}
      >
        <Axes frame={frame} format={props.format} />
        {props.stacked ? (
          <Bars series={series} xs={xs} frame={frame} />
        ) : (
          <Lines series={series} frame={frame} />
        )}
        {props.mark ? (
          <Mark y={frame.y.at(props.mark.y)} name={props.mark.name} right={frame.width - RIGHT} />
        ) : null}
        {at !== null ? (
          <line class="cursor" x1={frame.x.at(at)} x2={frame.x.at(at)} y1={TOP} y2={HEIGHT - BOTTOM} />
        ) : null}
      </svg>
      <Legend series={series} at={at} format={props.format} />
    </figure>
  );
}

type Frame = ReturnType<typeof frameOf>;

function frameOf(
  { floor, mark, stacked, wide }: PlotProps,
  series: readonly Series[],
  xs: readonly number[],
) {
  const values = stacked
    ? xs.map((x) => series.reduce((sum, one) => sum + (valueAt(one, x) ?? 0), 0))
    : series.flatMap(({ points }) => points.map(({ y }) => y));
  const marked = mark ? [mark.y] : [];
  const low = floor ?? (stacked ? 0 : Math.min(...values, ...marked));
  const y = scaleOf([low, Math.max(...values, ...marked)], [HEIGHT - BOTTOM, TOP]);
  const width = wide ? WIDE : WIDTH;
  // Bars stand on their round, so half a round is left on both sides.
  const pad = stacked ? 0.6 : 0;
  const x = scaleOf([xs[0]! - pad, xs.at(-1)! + pad], [LEFT, width - RIGHT], false);
  return { x, y, xs, width };
}

function Axes({ frame, format }: { frame: Frame; format: (y: number) => string }) {
  return (
    <g class="axes">
      {ticksOf(frame.y.domain, 4).map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={frame.width - RIGHT} y1={frame.y.at(value)} y2={frame.y.at(value)} />
          <text x={LEFT - 6} y={frame.y.at(value) + 4} text-anchor="end">
            {format(value)}
          </text>
        </g>
      ))}
      {ticksOf(frame.x.domain, 7)
        .filter((value) => Number.isInteger(value) && value >= frame.xs[0]!)
        .map((value) => (
          <text key={value} x={frame.x.at(value)} y={HEIGHT - 6} text-anchor="middle">
            {value}
          </text>
        ))}
    </g>
  );
}

/** Up to so many lines, the first are drawn broader, so that one on top of another hides none. */
const DISTINCT = 4;
/** One round alone is a point, not a line. */
const DOTS_UP_TO = 40;

function Lines({ series, frame }: { series: readonly Series[]; frame: Frame }) {
  return (
    <>
      {series.map(({ name, points }, i) => (
        <g key={name} class={`series c${i % COLOURS}`}>
          <polyline
            stroke-width={series.length > DISTINCT ? 2 : 2 + 2 * (series.length - 1 - i)}
            points={points.map(({ x, y }) => `${frame.x.at(x)},${frame.y.at(y)}`).join(" ")}
          />
          {points.length <= DOTS_UP_TO
            ? points.map(({ x, y }) => <circle key={x} cx={frame.x.at(x)} cy={frame.y.at(y)} r="2.5" />)
            : null}
        </g>
      ))}
    </>
  );
}

function Bars({ series, xs, frame }: { series: readonly Series[]; xs: readonly number[]; frame: Frame }) {
  const width = Math.max(1, Math.min(26, (0.7 * (frame.width - LEFT - RIGHT)) / (xs.at(-1)! - xs[0]! + 1.2)));
  return (
    <>
      {xs.map((x) => {
        let below = 0;
        return series.map((one, i) => {
          const value = valueAt(one, x) ?? 0;
          const [bottom, top] = [frame.y.at(below), frame.y.at(below + value)];
          below += value;
          return (
            <rect
              key={`${x} ${one.name}`}
              class={`bar c${i % COLOURS}`}
              x={frame.x.at(x) - width / 2}
              width={width}
              y={top}
              height={Math.max(0, bottom - top)}
            />
          );
        });
      })}
    </>
  );
}

function Mark({ y, name, right }: { y: number; name: string; right: number }) {
  return (
    <g class="mark">
      <line x1={LEFT} x2={right} y1={y} y2={y} />
      <text x={right} y={y - 4} text-anchor="end">
        {name}
      </text>
    </g>
  );
}

function Legend(props: { series: readonly Series[]; at: number | null; format: (y: number) => string }) {
  const { series, at, format } = props;
  return (
    <div class="legend">
      <span class="dim">{at === null ? "newest" : `round ${at}`}</span>
      {series.map((one, i) => {
        const value = at === null ? one.points.at(-1)?.y : valueAt(one, at);
        return (
          <span key={one.name} class={`key c${i % COLOURS}`}>
            <i /> {one.name} <b>{value === undefined ? "–" : format(value)}</b>
          </span>
        );
      })}
    </div>
  );
}

function describe(series: readonly Series[], format: (y: number) => string): string {
  return series.map(({ name, points }) => `${name} ${format(points.at(-1)!.y)}`).join(", ");
}

function valueAt({ points }: Series, x: number): number | undefined {
  return points.find((point) => point.x === x)?.y;
}

function nearest(xs: readonly number[], x: number): number {
  return xs.reduce((best, next) => (Math.abs(next - x) < Math.abs(best - x) ? next : best));
}

function thin<T>(points: readonly T[]): readonly T[] {
  const step = Math.ceil(points.length / MOST_POINTS);
  return step <= 1 ? points : points.filter((_, i) => i % step === 0 || i === points.length - 1);
}
