import type { ContractTransactionResponse } from "ethers";

/** Gas by scenario. */
export type GasTable = Record<string, number>;

/** Gas used by a transaction that must have succeeded. */
export async function gasOf(transaction: ContractTransactionResponse): Promise<number> {
  const receipt = await transaction.wait();
  if (receipt?.status !== 1) throw new Error(`transaction ${transaction.hash} failed`);
  return Number(receipt.gasUsed);
}

/** Throws unless a scenario did what it is measured for. */
export function expectEqual<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${what}: expected ${String(expected)}, found ${String(actual)}`);
}
