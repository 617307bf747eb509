// A leaf of an 800 KB model asked for, shown, and not shown; and a receipt that was not kept.
import { leafOpening } from "../../coordinator/protocol/faults/leaf.ts";
import {
  accusedOf,
  aggregate,
  askForLeaf,
  committedReceiptProof,
  FEDAVG_ON_CHAIN,
  LEAF,
} from "../../test/contracts/support/disputes.ts";
import { deployFederation, LEAF_BOND } from "../../test/contracts/support/federation.ts";
import { propose } from "../../test/contracts/support/round.ts";
import { GENESIS } from "./fixed-clock.ts";
import { expectEqual, type GasTable, gasOf } from "./recorder.ts";

/** Updates in the manifest of the candidate. */
const SIZES = [3, 100];
const ANSWER_TIME = 600;

/** Adds `leaf.K.*` and `receipt.K` for manifests of K updates: calls of FaultProofs about a candidate of an open round. */
export async function measureRequests(gas: GasTable): Promise<void> {
  for (const count of SIZES) {
    const right = aggregate(count);
    const f = await deployFederation({ rule: FEDAVG_ON_CHAIN, initialDate: GENESIS });
    await propose(f, right.content, [0]);
    const proofs = f.faultProofs!.connect(f.stranger);
    const first = await askForLeaf(f, right, 0);
    gas[`leaf.${count}.requested`] = await gasOf(first.sent);
    gas[`leaf.${count}.answered`] = await gasOf(
      await proofs.answerLeaf(first.asked, leafOpening(right.models[0]!, LEAF)),
    );
    expectEqual("half of the bond", await f.token.balanceOf(f.stranger.address), LEAF_BOND / 2n);
    const second = await askForLeaf(f, right, 1);
    await f.helpers.time.increase(ANSWER_TIME + 1);
    const { opening } = second.claim;
    gas[`leaf.${count}.withheld`] = await gasOf(
      await proofs.concludeLeaf(second.asked, opening, await accusedOf(f, right.content)),
    );
    gas[`receipt.${count}`] = await measureReceipt(right);
  }
}

async function measureReceipt(right: ReturnType<typeof aggregate>): Promise<number> {
  const f = await deployFederation({ rule: FEDAVG_ON_CHAIN, initialDate: GENESIS });
  await propose(f, right.content, [0]);
  const update = { client: f.clients[0]!.address, modelRoot: `0x${"5a".repeat(32)}` };
  const call = await committedReceiptProof(f, right, update);
  return gasOf(await f.faultProofs!.connect(f.stranger).proveBrokenReceipt(...call));
}
