import { createSecp256k1Scheme } from "../../../coordinator/adapters/signatures/secp256k1.ts";
import { fromHex, ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { type Decision, leafOf } from "../../../coordinator/protocol/decisions/decision.ts";
import { foundedMembers } from "../../../coordinator/protocol/decisions/founding.ts";
import { append, emptyTree, rootOf } from "../../../coordinator/protocol/decisions/tree.ts";
import type { Config } from "../../../coordinator/protocol/praft/config.ts";
import type { Checkpoint } from "../../../coordinator/protocol/praft/messages.ts";
import { checkpointDigest } from "../../../coordinator/protocol/praft/statements.ts";
import { hashOf } from "../../protocol/praft/fixtures.ts";
import type { TestFederation } from "./members.ts";

const scheme = createSecp256k1Scheme();

/** What the checkpoints of the tests anchor. */
export const DECISIONS: Decision[] = [0, 1, 2].map((position) => ({
  position,
  epoch: 0,
  height: 10 * position,
  task: hashOf(`task ${position}`),
  kind: "select",
  outcome: Uint8Array.of(position),
}));

/** The committee of an open round's roster, whose voting keys sign for the replicas, too. */
export async function rosterCommittee(f: TestFederation): Promise<Config> {
  const { miners, seats } = await f.reader.view();
  const entries = f.miners.map(({ key, address }) => ({
    id: address,
    voteKey: scheme.publicKeyOf(fromHex(key.privateKey, 32)),
  }));
  const seated = seats.map((seat) => miners.get(seat)!);
  const groupId = await f.miners[0]!.chain.checkpoints.groupId();
  return { groupId, epoch: 0, members: foundedMembers(seated, entries) };
}

/** A checkpoint as these members sign it. */
export function signCheckpoint(
  f: TestFederation,
  config: Config,
  signers: readonly number[],
  change: Partial<Checkpoint> & { readonly height: number },
): Checkpoint[] {
  const tree = emptyTree();
  for (const decision of DECISIONS) append(tree, leafOf(decision));
  const content = {
    blockHash: hashOf(`block ${change.height}`),
    stateRoot: hashOf("state"),
    decisionsRoot: rootOf(tree),
    nextConfigHash: ZERO_HASH,
    ...change,
  };
  return signers.map((signer) => {
    const address = config.members[signer]!.id;
    const { key } = f.miners.find((miner) => miner.address === address)!;
    const signature = scheme.sign(fromHex(key.privateKey, 32), checkpointDigest(config, content));
    return { kind: "checkpoint", epoch: 0, ...content, signer, signature };
  });
}
