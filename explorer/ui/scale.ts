/** Maps values to places and back. */
export interface Scale {
  readonly domain: readonly [number, number];
  at(value: number): number;
  invert(place: number): number;
}

/** A linear scale; `round` widens the domain to round numbers. A single value gets room on both sides. */
export function scaleOf(
  values: readonly [number, number],
  places: readonly [number, number],
  round = true,
): Scale {
  let [low, high] = values;
  if (low === high)
    [low, high] = low === 0 ? [0, 1] : [Math.min(low * 0.9, low * 1.1), Math.max(low * 0.9, low * 1.1)];
  if (round) {
    const step = stepOf(high - low, 4);
    [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  }
  const [from, to] = places;
  return {
    domain: [low, high],
    at: (value) => from + ((value - low) / (high - low)) * (to - from),
    invert: (place) => low + ((place - from) / (to - from)) * (high - low),
  };
}

/** About `count` round numbers in the domain. */
export function ticksOf([low, high]: readonly [number, number], count: number): number[] {
  const step = stepOf(high - low, count);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(tidy(i * step));
  return ticks;
}

/** 1, 2 or 5 times a power of ten. */
function stepOf(span: number, count: number): number {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10;
  return factor * power;
}

/** 0.30000000000000004 is 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
