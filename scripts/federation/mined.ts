import type { Provider, TransactionResponse } from "ethers";
import type { GasLedger } from "../../coordinator/ports/ledger.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";

/** Where set-up transactions are sent and written down. */
export interface Sender {
  readonly signer: { readonly provider: Provider };
  /** Every transaction is recorded here. */
  readonly ledger: GasLedger;
}

/** Waits until a set-up transaction is mined and records what it cost; a reverted one is recorded, then thrown. */
export async function mined(
  { signer, ledger }: Sender,
  transaction: TransactionResponse,
  method: string,
): Promise<void> {
  // ethers throws for a reverted transaction; its receipt is read all the same.
  const failure = await transaction.wait().then(
    () => undefined,
    (error: Error) => error,
  );
  const receipt = await signer.provider.getTransactionReceipt(transaction.hash);
  const block = receipt && (await signer.provider.getBlock(receipt.blockNumber));
  if (receipt && block)
    await ledger.mined({
      hash: receipt.hash as Hex,
      round: null,
      phase: "setup",
      actor: receipt.from as Hex,
      method,
      gasUsed: receipt.gasUsed,
      gasLimit: transaction.gasLimit,
      effectiveGasPrice: receipt.gasPrice,
      fee: receipt.fee,
      block: receipt.blockNumber,
      time: block.timestamp,
      status: receipt.status === 1 ? "success" : "reverted",
    });
  if (failure) throw failure;
}
