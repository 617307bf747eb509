/** Decimals of a WAD: 10^18 is 1.0. */
const WAD_DECIMALS = 18;
const BPS = 100;

/** An integer with thousands separated by thin spaces: 12 345 678. */
export function formatInteger(value: bigint | number): string {
  const text = String(value);
  const digits = text.replace("-", "");
  const grouped = digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  return text.startsWith("-") ? `−${grouped}` : grouped;
}

/** Units of 10^-decimals as a decimal number, exact or cut off after `places`. */
export function formatUnits(units: bigint, decimals = WAD_DECIMALS, places = decimals): string {
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, "0");
  const whole = formatInteger(BigInt(digits.slice(0, digits.length - decimals)));
  const fraction = digits
    .slice(digits.length - decimals)
    .slice(0, places)
    .replace(/0+$/, "");
  return `${units < 0n ? "−" : ""}${whole}${fraction ? `.${fraction}` : ""}`;
}

/** A WAD with two decimals, cut off. */
export function formatWad(wad: bigint): string {
  const hundredths = wad / 10n ** 16n;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}

/** Basis points as per cent. */
export function formatBps(basisPoints: number | bigint): string {
  const percent = (Number(basisPoints) / BPS).toFixed(2).replace(/\.?0+$/, "");
  return `${percent}\u202f%`;
}

/** `part` of `whole` as per cent with two decimals. */
export function formatShare(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(2)}\u202f%`;
}

/** A hash or address shortened. */
export function shorten(hex: string): string {
  return hex.length <= 16 ? hex : `${hex.slice(0, 8)}…${hex.slice(-6)}`;
}

/** Seconds of block time as UTC. */
export function formatUtc(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace("T", " ").replace(".000Z", " UTC");
}

const STEPS: readonly [number, string][] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** A length of time in its largest unit: 3 min. */
export function formatSpan(seconds: number): string {
  const length = Math.abs(seconds);
  const [size, name] = STEPS.find(([size]) => length >= size) ?? [1, "s"];
  return `${Math.floor(length / size)}\u202f${name}`;
}

/** How long ago a block time was, or how far ahead it is. */
export function formatAge(seconds: number, now: number): string {
  const span = now - seconds;
  return span >= 0 ? `${formatSpan(span)} ago` : `in ${formatSpan(span)}`;
}

/** Bytes in the largest unit that keeps three digits. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes}\u202fB`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)}\u202fkB`;
  return `${(bytes / 1_000_000).toFixed(1)}\u202fMB`;
}

/** Wei as gwei or ETH, whichever reads better; exact, or cut off after six places. */
export function formatWei(wei: bigint, exact = true): string {
  const gwei = wei < 10n ** 15n;
  const decimals = gwei ? 9 : WAD_DECIMALS;
  return `${formatUnits(wei, decimals, exact ? decimals : gwei ? 0 : 6)} ${gwei ? "gwei" : "ETH"}`;
}

/** A fraction with two decimals, rounded half away from zero. */
export function formatFraction(numerator: bigint, denominator: bigint): string {
  const half = numerator < 0n ? -denominator : denominator;
  return formatUnits((numerator * 200n + half) / (2n * denominator), 2);
}

/** CamelCase as words: CollectNotOver, "Collect not over". */
export function inWords(name: string): string {
  const spaced = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
