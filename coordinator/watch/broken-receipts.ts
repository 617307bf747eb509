import type { ChainHistory } from "../ports/chain-history.ts";
import type { ReceiptChallenge } from "../ports/challenges.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { type Acknowledged, keepsReceipt } from "../protocol/faults/receipt.ts";
import { referenceOf } from "../protocol/round/references.ts";
import type { RoundRecord } from "../protocol/views/federation-view.ts";
import { openingOf } from "./challenge.ts";
import { type FaultSearch, fetchUpdates } from "./find-fault.ts";

/** A miner's signed acknowledgement, as a client keeps it. */
export interface KeptReceipt extends Acknowledged {
  readonly miner: Hex;
  /** 64-byte compact signature. */
  readonly signature: Hex;
}

/** A receipt that its miner broke, and the proof of it. */
export interface BrokenReceipt {
  readonly miner: Hex;
  readonly candidate: Hex;
  readonly challenge: ReceiptChallenge;
}

/**
 * Receipts whose miner signed a candidate of the round without their client.
 * @throws QuorateError CONTENT_ codes, FAULT_LIST if the manifest can't be had; BLOCK_UNKNOWN
 */
export async function findBrokenReceipts(
  search: FaultSearch & { readonly chain: ChainHistory },
  record: RoundRecord,
  receipts: readonly KeptReceipt[],
): Promise<readonly BrokenReceipt[]> {
  const found: BrokenReceipt[] = [];
  for (const { id, candidate, signers } of record.candidates) {
    const promised = signers.flatMap(({ miner, signature }) => {
      const receipt = receipts.find((kept) => sameHex(kept.miner, miner));
      return receipt ? [{ miner, receipt, signature }] : [];
    });
    if (promised.length === 0) continue;
    const references = (await fetchUpdates(search, candidate)).map(referenceOf);
    for (const { miner, receipt, signature } of promised) {
      if (keepsReceipt(references, receipt)) continue;
      const { client, modelRoot, signature: receiptSignature } = receipt;
      const proof = { client, modelRoot, references, receiptSignature, signerSignature: signature };
      const opening = await openingOf(search.chain, record);
      found.push({ miner, candidate: id, challenge: { id, candidate, ...opening, proof } });
    }
  }
  return found;
}
