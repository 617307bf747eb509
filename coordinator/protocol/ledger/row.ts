import type { Hex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";

/** What a transaction was for. `open` holds openRound and freezeSeed; a settlement that opens the next round is `settle`. */
export const PHASES = ["setup", "open", "propose", "vote", "settle", "claim", "challenge"] as const;
export type Phase = (typeof PHASES)[number];

/** One mined transaction and what it cost. */
export interface LedgerRow {
  readonly hash: Hex;
  /** null outside rounds. A claim belongs to the round whose payout root it proved against. */
  readonly round: bigint | null;
  readonly phase: Phase;
  /** Who sent it. */
  readonly actor: Hex;
  readonly method: string;
  readonly gasUsed: bigint;
  readonly gasLimit: bigint;
  /** Wei per gas. */
  readonly effectiveGasPrice: bigint;
  /** gasUsed × effectiveGasPrice, wei. */
  readonly fee: bigint;
  readonly block: number;
  /** Block time, seconds. */
  readonly time: number;
  readonly status: "success" | "reverted";
}

const METHOD_PHASES: Readonly<Record<string, Phase>> = {
  openRound: "open",
  freezeSeed: "open",
  propose: "propose",
  castVote: "vote",
  settle: "settle",
  failRound: "settle",
  claim: "claim",
  commit: "challenge",
  proveAggregate: "challenge",
  proveReference: "challenge",
  proveDoubleSignature: "challenge",
  accuse: "challenge",
  refuteCoordinate: "challenge",
  refuteReference: "challenge",
  requestLeaf: "challenge",
  answerLeaf: "challenge",
  concludeLeaf: "challenge",
  releaseBond: "challenge",
  proveBrokenReceipt: "challenge",
};

/** The phase a contract method belongs to; whatever is no part of a round is set-up. */
export function phaseOfMethod(method: string): Phase {
  return METHOD_PHASES[method] ?? "setup";
}

/** The columns of a row, in the order of every export. */
export const LEDGER_COLUMNS = [
  "hash",
  "round",
  "phase",
  "actor",
  "method",
  "gasUsed",
  "gasLimit",
  "effectiveGasPrice",
  "fee",
  "block",
  "time",
  "status",
] as const satisfies readonly (keyof LedgerRow)[];

/** A row as JSON: integers that may exceed 2^53 are decimal strings. */
export type LedgerRowJson = { readonly [K in keyof LedgerRow]: string | number | null };

/** The row as plain JSON values. */
export function rowToJson(row: LedgerRow): LedgerRowJson {
  const json: Record<string, string | number | null> = {};
  for (const column of LEDGER_COLUMNS) {
    const value = row[column];
    json[column] = typeof value === "bigint" ? String(value) : value;
  }
  return json as LedgerRowJson;
}

/**
 * Reads a row written by {@link rowToJson}.
 * @throws QuorateError LEDGER_MALFORMED
 */
export function rowFromJson(json: Readonly<Record<string, unknown>>): LedgerRow {
  const integer = (name: keyof LedgerRow): bigint => {
    const value = json[name];
    if (typeof value !== "string" || !/^\d+$/.test(value)) throw malformed(name, value);
    return BigInt(value);
  };
  const number = (name: keyof LedgerRow): number => {
    const value = json[name];
    if (!Number.isSafeInteger(value)) throw malformed(name, value);
    return value as number;
  };
  const matching = <T extends string>(name: keyof LedgerRow, pattern: RegExp): T => {
    const value = json[name];
    if (typeof value !== "string" || !pattern.test(value)) throw malformed(name, value);
    return value as T;
  };
  return {
    hash: matching<Hex>("hash", /^0x[0-9a-fA-F]{64}$/),
    round: json.round === null ? null : integer("round"),
    phase: matching<Phase>("phase", new RegExp(`^(${PHASES.join("|")})$`)),
    actor: matching<Hex>("actor", /^0x[0-9a-fA-F]{40}$/),
    method: matching("method", /^\w+$/),
    gasUsed: integer("gasUsed"),
    gasLimit: integer("gasLimit"),
    effectiveGasPrice: integer("effectiveGasPrice"),
    fee: integer("fee"),
    block: number("block"),
    time: number("time"),
    status: matching<LedgerRow["status"]>("status", /^(success|reverted)$/),
  };
}

function malformed(field: string, value: unknown): QuorateError {
  return new QuorateError("LEDGER_MALFORMED", `ledger row has no usable ${field}: ${String(value)}`, {
    field,
    value,
  });
}
