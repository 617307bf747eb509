import { ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { payloadRoot } from "../../coordinator/protocol/praft/bundle-hashes.ts";
import { hashBlock } from "../../coordinator/protocol/praft/encode.ts";
import type {
  Message,
  Outline,
  Proposal,
  SnapshotMessage,
  Timeout,
  Vote,
} from "../../coordinator/protocol/praft/messages.ts";
import { snapshotHash } from "../../coordinator/protocol/praft/snapshots.ts";
import { proposeDigest, timeoutDigest, voteDigest } from "../../coordinator/protocol/praft/statements.ts";
import type { Block, Bundle, FullBlock, QuorumCertificate } from "../../coordinator/protocol/praft/types.ts";
import { keyOf, testScheme } from "../protocol/praft/fixtures.ts";
import type { Chance } from "./agenda.ts";
import type { Library } from "./library.ts";
import type { Node } from "./node.ts";

export type HashedBlock = Pick<FullBlock, "block" | "hash">;

/** What a leader sends of its block, with its bundles or their names. */
export const isProposed = (message: Message): message is Proposal | Outline =>
  message.kind === "propose" || message.kind === "outline";

/** Heights by which the state a forged proposal names is old: others know it too. */
const STALE = 20;

/** A proposal on any certified parent, with the proof of the last view if there is one. */
export function forgeProposal(
  { state, env }: Node,
  library: Library,
  parent: { readonly justify: QuorumCertificate; readonly time: number; readonly bundles: readonly Bundle[] },
): Proposal {
  const { justify, time, bundles } = parent;
  const payload = { bundles };
  const { view, committee } = state;
  const own = state.tc?.view === view - 1 ? state.tc : undefined;
  const tc = justify.view === view ? undefined : (library.tcOf(committee, view - 1) ?? own);
  const stateHeight = Math.max(0, state.committed.height - STALE);
  const block: Block = {
    groupId: committee.groupId,
    epoch: committee.epoch,
    view,
    height: justify.height + 1,
    justify,
    opsRoot: payloadRoot(payload),
    stateHeight,
    stateRoot: state.roots.get(stateHeight) ?? ZERO_HASH,
    time: Math.max(time, state.committed.time, library.blocks.get(justify.blockHash)?.block.time ?? 0),
    nextConfigHash: ZERO_HASH,
    ...(tc && { tc }),
  };
  const hash = hashBlock(block);
  const signature = testScheme.sign(env.secretKey, proposeDigest(committee, block, hash));
  library.remember({ block, hash });
  return { kind: "propose", block, payload, hash, signer: state.self, signature };
}

export function forgeVote({ state, env }: Node, full: HashedBlock, epoch = state.committee.epoch): Vote {
  const { groupId } = state.committee;
  const { view, height } = full.block;
  const signature = testScheme.sign(env.secretKey, voteDigest({ groupId, epoch }, full.block, full.hash));
  return { kind: "vote", epoch, view, height, blockHash: full.hash, signer: state.self, signature };
}

/** Says that `highQc` is the highest it knows, whether or not it is. */
export function forgeTimeout({ state, env }: Node, view: number, highQc: QuorumCertificate): Timeout {
  const signature = testScheme.sign(env.secretKey, timeoutDigest(state.committee, view, highQc));
  return { kind: "timeout", epoch: state.committee.epoch, view, highQc, signer: state.self, signature };
}

/** Its newest snapshot with something in it that is not so, or one of nothing. */
export function forgeSnapshot({ state }: Node, chance: Chance): SnapshotMessage {
  const { stable, committee, committed } = state;
  const bytes = stable?.bytes.slice() ?? new Uint8Array(64);
  const content = stable?.content ?? {
    epoch: committee.epoch,
    height: committed.height + 8,
    blockHash: committed.hash,
    stateRoot: snapshotHash(bytes),
    decisionsRoot: ZERO_HASH,
    nextConfigHash: ZERO_HASH,
  };
  const higher = { ...content, height: content.height + 8 * chance(4) };
  if (higher.height === content.height || chance(2) === 0) bytes[chance(bytes.length)]! ^= 1 + chance(255);
  const { signers, signature } = stable?.certificate ?? { signers: [0, 1, 2], signature: new Uint8Array(24) };
  return { kind: "snapshot", handovers: [], certificate: { content: higher, signers, signature }, bytes };
}

/** A vote in another member's name: it can only be a colluder's, whose key is shared. */
export function voteFor(node: Node, signer: number, full: HashedBlock): Vote {
  const { committee } = node.state;
  const number = Number(committee.members[signer]!.id.slice(1));
  const { view, height } = full.block;
  const signature = testScheme.sign(keyOf(number), voteDigest(committee, full.block, full.hash));
  return { kind: "vote", epoch: committee.epoch, view, height, blockHash: full.hash, signer, signature };
}
