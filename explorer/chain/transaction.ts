import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { QuorateError } from "../../coordinator/protocol/errors.ts";
import type { Decoded } from "./decode.ts";
import type { Federation } from "./federation.ts";
import { quantity } from "./rpc.ts";
import type { RawBlock, RawReceipt, RawTransaction } from "./types.ts";

/** A transaction with all that is known of it. */
export interface TransactionDetail {
  readonly transaction: RawTransaction;
  /** null while it waits. */
  readonly receipt: RawReceipt | null;
  readonly time: number | null;
  readonly call: Decoded | null;
  /** Why it failed; null unless it did. */
  readonly failure: Failure | null;
}

export interface Failure {
  /** null if the contract gave no known error. */
  readonly error: Decoded | null;
  readonly message: string;
}

/** null if the chain has no such transaction. */
export async function readTransaction(
  federation: Federation,
  hash: string,
): Promise<TransactionDetail | null> {
  if (!/^0x[0-9a-f]{64}$/i.test(hash)) return null;
  const { rpc, abi } = federation;
  const [transaction, receipt] = await Promise.all([
    rpc<RawTransaction | null>("eth_getTransactionByHash", hash),
    rpc<RawReceipt | null>("eth_getTransactionReceipt", hash),
  ]);
  if (!transaction) return null;
  const block = receipt && (await rpc<RawBlock>("eth_getBlockByNumber", receipt.blockNumber, false));
  return {
    transaction,
    receipt,
    time: block ? Number(block.timestamp) : null,
    call: transaction.to ? abi.call(transaction.input) : null,
    failure: receipt && Number(receipt.status) === 0 ? await whyFailed(federation, transaction) : null,
  };
}

/**
 * Runs the call again on the block before; receipts don't keep reasons. Transactions of the same block before it are
 * not taken into account, so the answer may differ.
 */
async function whyFailed({ rpc, abi }: Federation, transaction: RawTransaction): Promise<Failure> {
  const { from, to, input: data, value, gas, blockNumber } = transaction;
  const call = { from, data, value, gas, ...(to && { to }) };
  const at = quantity(Math.max(0, Number(blockNumber) - 1));
  try {
    await rpc("eth_call", call, at);
    return {
      error: null,
      message:
        "Run again on the block before, the call succeeds: it depended on its place in the block, or ran out of gas.",
    };
  } catch (error) {
    const { message, details } = error as QuorateError;
    const reverted = details?.data as Hex | undefined;
    return { error: reverted ? abi.error(reverted) : null, message };
  }
}

/** Gas of the call data: 4 per zero byte, 16 per other byte, 21,000 for the transaction (EIP-2028). */
export function dataGas(input: Hex): { readonly zero: number; readonly other: number; readonly gas: number } {
  let zero = 0;
  const bytes = (input.length - 2) / 2;
  for (let i = 2; i < input.length; i += 2) if (input[i] === "0" && input[i + 1] === "0") zero += 1;
  return { zero, other: bytes - zero, gas: 4 * zero + 16 * (bytes - zero) };
}
