import fc from "fast-check";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { type LedgerRow, PHASES } from "../../../coordinator/protocol/ledger/row.ts";

/** A ledger row with the given fields and unremarkable others. */
export function row(fields: Partial<LedgerRow>): LedgerRow {
  return {
    hash: `0x${"11".repeat(32)}`,
    round: 1n,
    phase: "settle",
    actor: `0x${"aa".repeat(20)}`,
    method: "settle",
    gasUsed: 100n,
    gasLimit: 120n,
    effectiveGasPrice: 3n,
    fee: 300n,
    block: 7,
    time: 1_700_000_000,
    status: "success",
    ...fields,
  };
}

/** Any valid row. */
export const anyRow: fc.Arbitrary<LedgerRow> = fc
  .record({
    hash: fc.stringMatching(/^0x[0-9a-f]{64}$/) as fc.Arbitrary<Hex>,
    round: fc.option(fc.bigInt(1n, 2n ** 64n - 1n)),
    phase: fc.constantFrom(...PHASES),
    actor: fc.constantFrom<Hex>(`0x${"aa".repeat(20)}`, `0x${"0b".repeat(20)}`),
    method: fc.constantFrom("settle", "propose", "stake"),
    gasUsed: fc.bigInt(21_000n, 30_000_000n),
    gasLimit: fc.bigInt(21_000n, 30_000_000n),
    effectiveGasPrice: fc.bigInt(1n, 2n ** 70n),
    block: fc.nat(),
    time: fc.nat(),
    status: fc.constantFrom("success", "reverted"),
  })
  .map((fields) => ({ ...fields, fee: fields.gasUsed * fields.effectiveGasPrice }));
