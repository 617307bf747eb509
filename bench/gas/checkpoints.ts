// Anchors of committees taken from the roster: 3 of 4 and 11 of 16 members sign.
import { Signature } from "ethers";
import { deployFederation, type Federation, STAKE } from "../../test/contracts/support/federation.ts";
import type { CheckpointRegistry, ICheckpointRegistry } from "../../types/contracts/CheckpointRegistry.ts";
import { GENESIS } from "./fixed-clock.ts";
import { expectEqual, type GasTable, gasOf } from "./recorder.ts";

const TYPES = {
  Checkpoint: [
    { name: "epoch", type: "uint64" },
    { name: "height", type: "uint64" },
    { name: "blockHash", type: "bytes32" },
    { name: "stateRoot", type: "bytes32" },
    { name: "decisionsRoot", type: "bytes32" },
    { name: "nextConfigHash", type: "bytes32" },
  ],
};
/** Anchors until every slot of the ring of roots was written before. */
const STEADY = 9;

/** Adds `checkpoint.found`, and `anchor.N` of a committee of N: the very first, and one with the ring of roots full. */
export async function measureCheckpoints(gas: GasTable): Promise<void> {
  for (const [members, signers] of [
    [4, 3],
    [16, 11],
  ] as const) {
    const stakes = Array.from({ length: members }, () => STAKE);
    const f = await deployFederation({ stakes, initialDate: GENESIS });
    const checkpoints = await f.ethers.getContractAt(
      "CheckpointRegistry",
      await f.minerRegistry.checkpoints(),
    );
    const founding = await gasOf(await checkpoints.connect(f.miners[0]!).found());
    if (members === 4) gas["checkpoint.found"] = founding;
    for (let count = 1; count <= STEADY; count++) {
      const used = await anchor(f, checkpoints, 64 * count, signers);
      expectEqual("anchored checkpoints", (await checkpoints.head()).count, BigInt(count));
      if (count === 1) gas[`anchor.${members}.first`] = used;
      if (count === STEADY) gas[`anchor.${members}.steady`] = used;
    }
  }
}

async function anchor(f: Federation, registry: CheckpointRegistry, height: number, signers: number) {
  const root = (text: string) => f.ethers.id(`${text} ${height}`);
  const checkpoint: ICheckpointRegistry.CheckpointStruct = {
    epoch: 0,
    height,
    blockHash: root("block"),
    stateRoot: root("state"),
    decisionsRoot: root("decisions"),
    nextConfigHash: f.ethers.ZeroHash,
  };
  const { chainId } = await f.ethers.provider.getNetwork();
  const domain = { name: "Quorate", version: "1", chainId, verifyingContract: await registry.getAddress() };
  const signatures = await Promise.all(
    f.miners.slice(0, signers).map(async (miner) => {
      const { r, yParityAndS } = Signature.from(await miner.signTypedData(domain, TYPES, checkpoint));
      return { r, vs: yParityAndS };
    }),
  );
  const members = f.miners.map(({ address }) => (BigInt(address) << 96n) | 1_000_000n);
  const committee = { details: f.ethers.ZeroHash, members };
  return gasOf(await registry.anchor(checkpoint, committee, (1n << BigInt(signers)) - 1n, signatures));
}
