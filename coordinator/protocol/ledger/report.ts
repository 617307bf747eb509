import { compareHex } from "../bytes.ts";
import { LEDGER_COLUMNS, type LedgerRow, type LedgerRowJson, PHASES, type Phase, rowToJson } from "./row.ts";

/** What rows are grouped by. */
export type GasDimension = "round" | "phase" | "method" | "actor";

export interface GasGroup {
  /** Round number ("-" outside rounds), phase, method or address. */
  readonly key: string;
  readonly transactions: number;
  /** How many of them reverted. */
  readonly failed: number;
  readonly gasUsed: bigint;
  /** Wei. */
  readonly fee: bigint;
}

/** Rows without the repetitions of a hash (the first one counts), in order of block. */
export function uniqueRows(rows: Iterable<LedgerRow>): LedgerRow[] {
  const byHash = new Map<string, LedgerRow>();
  for (const row of rows) {
    const key = row.hash.toLowerCase();
    if (!byHash.has(key)) byHash.set(key, row);
  }
  return [...byHash.values()].sort((a, b) => a.block - b.block);
}

/** Sum of all rows. */
export function gasTotal(rows: readonly LedgerRow[]): GasGroup {
  return sumUp("total", rows);
}

/** Rows summed up per value of `dimension`; rounds ascend, phases follow the course of a round, the rest by name. */
export function gasBy(dimension: GasDimension, rows: readonly LedgerRow[]): GasGroup[] {
  const groups = Map.groupBy(rows, (row) => keyOf(dimension, row));
  return [...groups]
    .sort(([a], [b]) => compareKeys(dimension, a, b))
    .map(([key, members]) => sumUp(key, members));
}

/** Gas per phase and the sum. */
export type PhaseGas = Readonly<Record<Phase | "total", bigint>>;

/** Gas of one round by phase, 0 where nothing was sent. */
export function gasOfRound(rows: readonly LedgerRow[], round: bigint): PhaseGas {
  const gas = { ...Object.fromEntries(PHASES.map((phase) => [phase, 0n])), total: 0n } as Record<
    Phase | "total",
    bigint
  >;
  for (const row of rows) {
    if (row.round !== round) continue;
    gas[row.phase] += row.gasUsed;
    gas.total += row.gasUsed;
  }
  return gas;
}

/** The rows as CSV (RFC 4180) with a header line; integers exact. No field can hold a comma, quote or line break. */
export function ledgerToCsv(rows: readonly LedgerRow[]): string {
  const lines = rows.map((row) => {
    const json = rowToJson(row);
    return LEDGER_COLUMNS.map((column) => json[column] ?? "").join(",");
  });
  return [LEDGER_COLUMNS.join(","), ...lines, ""].join("\r\n");
}

/** The rows and their sums as JSON values; integers that may exceed 2^53 are decimal strings. */
export function ledgerToJson(rows: readonly LedgerRow[]): {
  schemaVersion: 1;
  total: GasGroupJson;
  groups: Record<GasDimension, GasGroupJson[]>;
  rows: LedgerRowJson[];
} {
  const by = (dimension: GasDimension) => gasBy(dimension, rows).map(groupToJson);
  return {
    schemaVersion: 1,
    total: groupToJson(gasTotal(rows)),
    groups: { round: by("round"), phase: by("phase"), method: by("method"), actor: by("actor") },
    rows: rows.map(rowToJson),
  };
}

interface GasGroupJson {
  readonly key: string;
  readonly transactions: number;
  readonly failed: number;
  readonly gasUsed: string;
  readonly fee: string;
}

function groupToJson(group: GasGroup): GasGroupJson {
  return { ...group, gasUsed: String(group.gasUsed), fee: String(group.fee) };
}

function keyOf(dimension: GasDimension, row: LedgerRow): string {
  if (dimension === "round") return row.round === null ? "-" : String(row.round);
  return row[dimension];
}

function compareKeys(dimension: GasDimension, a: string, b: string): number {
  if (dimension === "phase") return PHASES.indexOf(a as Phase) - PHASES.indexOf(b as Phase);
  if (dimension === "round") return (a === "-" ? -1 : Number(a)) - (b === "-" ? -1 : Number(b));
  return compareHex(a, b);
}

function sumUp(key: string, rows: readonly LedgerRow[]): GasGroup {
  return {
    key,
    transactions: rows.length,
    failed: rows.filter((row) => row.status === "reverted").length,
    gasUsed: rows.reduce((total, row) => total + row.gasUsed, 0n),
    fee: rows.reduce((total, row) => total + row.fee, 0n),
  };
}
