// Proofs of one wrong coordinate of an 800 KB model, built by TypeScript from whole models.
import {
  type Aggregation,
  aggregate,
  committedProof,
  FEDAVG_ON_CHAIN,
  flipped,
} from "../../test/contracts/support/disputes.ts";
import { deployFederation, type Federation, STAKE } from "../../test/contracts/support/federation.ts";
import { propose } from "../../test/contracts/support/round.ts";
import { GENESIS } from "./fixed-clock.ts";
import { expectEqual, type GasTable, gasOf } from "./recorder.ts";

/** Updates in the contested aggregate. */
export const PROOF_SIZES = [2, 3, 10, 20, 100];
const BIT_12 = 1 << 12;

/**
 * Adds `proof.K.refused`, what judging alone costs, and `proof.K.proven`, which also strikes the candidate, slashes one
 * miner and pays the bounty.
 */
export async function measureProofs(gas: GasTable): Promise<void> {
  for (const count of PROOF_SIZES) {
    const right = aggregate(count);
    gas[`proof.${count}.refused`] = await measureRefusal(right);
    gas[`proof.${count}.proven`] = await measureProof(flipped(right, BIT_12));
  }
}

async function measureProof(wrong: Aggregation): Promise<number> {
  const f = await contested(wrong);
  const used = await gasOf(await f.faultProofs!.connect(f.stranger).proveAggregate(...f.call));
  const stakes = await Promise.all(f.miners.map(({ address }) => f.minerRegistry.minerInfo(address)));
  expectEqual(
    "stake left",
    stakes.reduce((sum, { stake }) => sum + stake, 0n),
    (3n * STAKE) / 2n,
  );
  return used;
}

async function measureRefusal(right: Aggregation): Promise<number> {
  const f = await contested(right);
  const proofs = f.faultProofs!.connect(f.stranger);
  const refused = await proofs.proveAggregate
    .staticCall(...f.call, { blockTag: "pending" })
    .catch((error) => error);
  expectEqual("why it is refused", proofs.interface.parseError(refused.data)?.name, "CoordinateRight");
  const transaction = await proofs.proveAggregate.populateTransaction(...f.call);
  await f.stranger.sendTransaction({ ...transaction, gasLimit: 15_000_000n }).catch(() => {});
  const block = await f.ethers.provider.getBlock("latest");
  const receipt = await f.ethers.provider.getTransactionReceipt(block!.transactions[0]!);
  expectEqual("status of a refused proof", receipt!.status, 0);
  return Number(receipt!.gasUsed);
}

/** An open round with that one candidate, and the committed proof against it. */
async function contested(aggregation: Aggregation) {
  const f: Federation = await deployFederation({ rule: FEDAVG_ON_CHAIN, initialDate: GENESIS });
  await propose(f, aggregation.content, [0]);
  return { ...f, call: await committedProof(f, aggregation) };
}
