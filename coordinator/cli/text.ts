import type { Hex } from "../protocol/bytes.ts";
import { publicLink } from "../protocol/views/public-explorers.ts";

const DECIMALS = 18;

/** An amount in the token's smallest unit as whole tokens, exactly: "1.5". */
export function formatTokens(units: bigint): string {
  const sign = units < 0n ? "-" : "";
  const digits = String(units < 0n ? -units : units).padStart(DECIMALS + 1, "0");
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, "");
  return `${sign}${digits.slice(0, -DECIMALS)}${fraction ? `.${fraction}` : ""}`;
}

/** Basis points as per cent with two decimals. */
export function formatBps(basisPoints: number): string {
  return `${(basisPoints / 100).toFixed(2)} %`;
}

/** A hash or address shortened for tables. */
export function shorten(hex: string): string {
  return hex.length <= 14 ? hex : `${hex.slice(0, 8)}…${hex.slice(-4)}`;
}

/** A transaction: its page where the chain has a public explorer, else its hash. */
export function formatTransaction(chainId: bigint, hash: Hex): string {
  return publicLink(chainId, "tx", hash) ?? hash;
}

/** Where a fault lies, in words. */
export function describePlace(fault: {
  readonly verdict: string;
  readonly coordinate: number;
  readonly entry?: number;
}): string {
  const { verdict, coordinate, entry } = fault;
  return entry === undefined
    ? `coordinate ${coordinate} (${verdict})`
    : `entry ${entry} of its manifest (${verdict})`;
}

/** Seconds of block time as a date. */
export function formatTime(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(".000Z", "Z");
}

/** A WAD integer (10^18 = 1.0) with two decimals. */
export function formatWad(wad: bigint): string {
  return (Number(wad / 10n ** 14n) / 10_000).toFixed(2);
}
