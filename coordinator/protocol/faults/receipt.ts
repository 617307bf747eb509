import { compareHex, type Hex, sameHex } from "../bytes.ts";
import type { UpdateReference } from "../round/references.ts";

/** An update that a miner acknowledged. */
export interface Acknowledged {
  readonly client: Hex;
  readonly modelRoot: Hex;
}

/** What `FaultProofs.proveBrokenReceipt` takes besides the claim; see IFaultProofs.ReceiptProof. */
export interface ReceiptProof extends Acknowledged {
  readonly references: readonly UpdateReference[];
  /** 64-byte compact signatures of one miner: of its receipt, and of the candidate. */
  readonly receiptSignature: Hex;
  readonly signerSignature: Hex;
}

/**
 * True if a manifest keeps the promise of a receipt, as the contract sees it: it holds any update of the client, or the
 * same model by one of a lower address: of equal models the lowest address counts.
 */
export function keepsReceipt(
  references: readonly Pick<UpdateReference, "client" | "modelRoot">[],
  { client, modelRoot }: Acknowledged,
): boolean {
  return references.some((entry) => {
    const order = compareHex(entry.client, client);
    return order === 0 || (order < 0 && sameHex(entry.modelRoot, modelRoot));
  });
}
