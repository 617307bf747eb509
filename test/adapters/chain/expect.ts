import { expect } from "chai";
import type { TransactionReceipt } from "ethers";
import { isQuorateError } from "../../../coordinator/protocol/errors.ts";
import type { TestChain } from "./federation.ts";

/** The action fails with this code. */
export async function expectCode(action: Promise<unknown>, code: string): Promise<void> {
  const error = await action.then(
    () => new Error("it succeeded"),
    (e: unknown) => e,
  );
  expect(isQuorateError(error, code), `${error}, expected ${code}`).to.equal(true);
}

/** Receipts of all transactions of a chain. */
export async function receiptsOf({ provider }: TestChain): Promise<TransactionReceipt[]> {
  const receipts: TransactionReceipt[] = [];
  for (let block = 1; block <= (await provider.getBlockNumber()); block++)
    for (const hash of (await provider.getBlock(block))!.transactions)
      receipts.push((await provider.getTransactionReceipt(hash))!);
  return receipts;
}
