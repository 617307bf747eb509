import { getAddress } from "viem/utils";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { attribute, type TransactionTrace } from "../../coordinator/protocol/ledger/attribute.ts";
import type { LedgerRow } from "../../coordinator/protocol/ledger/row.ts";
import { byName } from "../chain/decode.ts";
import type { Federation } from "../chain/federation.ts";
import type { History } from "../chain/history.ts";
import type { RawReceipt, RawTransaction } from "../chain/types.ts";

const ROWS_KEPT = 20_000;
const rows = new Map<Hex, Promise<LedgerRow>>();

/** What transactions cost and were for, in the order given; receipts are asked for once. */
export function ledgerRows(
  federation: Federation,
  history: History,
  traces: readonly TransactionTrace[],
): Promise<LedgerRow[]> {
  return Promise.all(
    traces.map((trace) => {
      const known = rows.get(trace.hash);
      if (known) return known;
      const row = readRow(federation, history, trace);
      rows.set(trace.hash, row);
      if (rows.size > ROWS_KEPT) rows.delete(rows.keys().next().value!);
      row.catch(() => rows.delete(trace.hash));
      return row;
    }),
  );
}

async function readRow(
  federation: Federation,
  history: History,
  trace: TransactionTrace,
): Promise<LedgerRow> {
  const { rpc, abi, addresses } = federation;
  const [receipt, transaction] = await Promise.all([
    rpc<RawReceipt>("eth_getTransactionReceipt", trace.hash),
    rpc<RawTransaction>("eth_getTransactionByHash", trace.hash),
  ]);
  const ours = Object.values(addresses).some(
    (address) => address.toLowerCase() === transaction.to?.toLowerCase(),
  );
  const call = ours ? abi.call(transaction.input) : null;
  const round = call && byName(call.values).round;
  const gasUsed = BigInt(receipt.gasUsed);
  const effectiveGasPrice = BigInt(receipt.effectiveGasPrice);
  const about = attribute({
    trace,
    call: call && { method: call.name, round: typeof round === "bigint" ? round : null },
    deploys: transaction.to === null,
    roundOf: (settlement) => history.view.settlements.get(settlement)?.round,
  });
  return {
    hash: trace.hash,
    ...about,
    actor: getAddress(transaction.from),
    gasUsed,
    gasLimit: BigInt(transaction.gas),
    effectiveGasPrice,
    fee: gasUsed * effectiveGasPrice,
    block: Number(receipt.blockNumber),
    time: trace.time,
    status: Number(receipt.status) === 0 ? "reverted" : "success",
  };
}
