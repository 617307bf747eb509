import { keccak_256 } from "@noble/hashes/sha3.js";
import { abiWords, fromHex, type Hex, keccak } from "../bytes.ts";
import { Writer } from "./codec.ts";
import type { CheckpointContent, Rank } from "./types.ts";

/** First byte of everything signed or hashed: no statement can pass for one of another kind. */
export const DOMAIN = {
  vote: 1,
  timeout: 2,
  propose: 3,
  bundle: 4,
  checkpoint: 5,
  block: 6,
  leaf: 7,
  node: 8,
  order: 9,
  snapshot: 10,
  ready: 11,
} as const;

/** Which group and epoch a statement belongs to. */
export interface Scope {
  readonly groupId: Hex;
  readonly epoch: number;
}

function begin(domain: number, { groupId, epoch }: Scope): Writer {
  return new Writer().u8(domain).hash(groupId).u64(epoch);
}

export function voteDigest(scope: Scope, { view, height }: Rank, blockHash: Hex): Uint8Array {
  return begin(DOMAIN.vote, scope).u64(view).u64(height).hash(blockHash).sha256();
}

export function proposeDigest(scope: Scope, { view, height }: Rank, blockHash: Hex): Uint8Array {
  return begin(DOMAIN.propose, scope).u64(view).u64(height).hash(blockHash).sha256();
}

/** "I gave up `view`; the highest rank I know certified is `reported`." */
export function timeoutDigest(scope: Scope, view: number, reported: Rank): Uint8Array {
  return begin(DOMAIN.timeout, scope).u64(view).u64(reported.view).u64(reported.height).sha256();
}

const CHECKPOINT_TYPE =
  "Checkpoint(uint64 epoch,uint64 height,bytes32 blockHash,bytes32 stateRoot,bytes32 decisionsRoot,bytes32 nextConfigHash)";

/**
 * EIP-712, as CheckpointRegistry hashes it: the group id of a group that anchors is that contract's domain separator, which
 * binds chain and address.
 */
export function checkpointDigest(
  { groupId, epoch }: Scope,
  content: Omit<CheckpointContent, "epoch">,
): Uint8Array {
  const { height, blockHash, stateRoot, decisionsRoot, nextConfigHash } = content;
  const type = keccak(new TextEncoder().encode(CHECKPOINT_TYPE));
  const struct = keccak(abiWords([type, epoch, height, blockHash, stateRoot, decisionsRoot, nextConfigHash]));
  return keccak_256(Uint8Array.of(0x19, 0x01, ...fromHex(groupId, 32), ...fromHex(struct, 32)));
}

export function readyDigest(scope: Scope, height: number, stateRoot: Hex): Uint8Array {
  return begin(DOMAIN.ready, scope).u64(height).hash(stateRoot).sha256();
}
