import type { Hex } from "../bytes.ts";
import type { State, Turn } from "./state.ts";
import type { Anchor } from "./types.ts";

/** Where a history stands: an epoch with its committee, and a block in it. */
interface Place {
  readonly epoch: number;
  readonly configHash: Hex;
  readonly height: number;
  readonly blockHash: Hex;
}

/**
 * True if a history that passes here cannot hold what is final on the chain. Old committees may have sold their keys: a
 * history they made up reaches the anchor's height too early, or its epoch with another committee, or it at another block.
 */
export function contradicts({ anchor }: State, { epoch, configHash, height, blockHash }: Place): boolean {
  if (!anchor) return false;
  const { content } = anchor;
  if (epoch < content.epoch) return height >= content.height;
  if (epoch === content.epoch && configHash !== anchor.configHash) return true;
  return height === content.height && blockHash !== content.blockHash;
}

/** Takes a checkpoint that is final on the chain; a replica whose own history lacks it stops. */
export function onAnchored({ s, out }: Turn, anchor: Anchor): void {
  if (s.anchor && anchor.content.height <= s.anchor.content.height) return;
  s.anchor = anchor;
  const { height, epoch } = anchor.content;
  const full = s.history[height - s.historyFrom - 1];
  const passed = full
    ? { height, blockHash: full.hash }
    : { height: s.committed.height, blockHash: s.committed.hash };
  const own = full ? full.block.epoch : s.committee.epoch;
  const configHash = own === s.committee.epoch ? s.committee.hash : anchor.configHash;
  if (height > s.committed.height && epoch > s.committee.epoch) return;
  if (!contradicts(s, { epoch: own, configHash, ...passed })) return;
  s.halted = true;
  out.push({ kind: "fork", code: "PRAFT_ANCHOR", height: s.committed.height, charges: [] });
}
