import { MAX_PAYLOAD_BYTES, payloadBytes } from "./bundle-hashes.ts";
import { sendSnapshot } from "./catch-up.ts";
import { compareRank } from "./certificates.ts";
import { chainTo, isCertified, learnQc } from "./commit.ts";
import { MAX_SYNC_BLOCKS } from "./decode.ts";
import type { SyncReply, SyncRequest } from "./messages.ts";
import { persist, send, type Turn } from "./state.ts";
import type { FullBlock, QuorumCertificate } from "./types.ts";
import { bindsPayload } from "./voting.ts";

/**
 * Answers with the blocks that follow. What is committed comes with its commit proof: the highest certificate may be of a
 * later view, and would not commit them for one who was not there.
 */
export function onSyncRequest(turn: Turn, from: string, { epoch, height }: SyncRequest): void {
  const { s } = turn;
  if (epoch > s.committee.epoch || height > s.committed.height) return;
  const closed = epoch < s.committee.epoch ? s.closings.get(epoch)?.proof : s.commitProof;
  if (height < s.historyFrom || (epoch < s.committee.epoch && !closed)) {
    sendSnapshot(turn, from, { epoch, height });
    return;
  }
  const proven = closed ? closed.tail[0]!.block.height - 1 : 0;
  if (closed && height < proven) {
    const blocks = [...s.history.slice(height - s.historyFrom, proven - s.historyFrom), ...closed.tail];
    if (!answer(turn, from, { blocks, qc: closed.qc })) return;
  }
  if (epoch < s.committee.epoch) return;
  const rest = chainTo(s, s.highQc.blockHash);
  if (rest && s.highQc.height > height) answer(turn, from, { blocks: rest, qc: s.highQc });
}

/** As much as fits into one message, certified by the next block's certificate; true if that is all. */
function answer(turn: Turn, from: string, { blocks, qc }: Proven): boolean {
  const count = fitting(blocks);
  const next = blocks[count];
  send(turn, from, { kind: "sync-reply", blocks: blocks.slice(0, count), qc: next?.block.justify ?? qc });
  return !next;
}

/** How many of these blocks fit into one message: at least one does. */
function fitting(blocks: readonly FullBlock[]): number {
  const most = Math.min(blocks.length, MAX_SYNC_BLOCKS);
  let count = 0;
  for (let left = MAX_PAYLOAD_BYTES; count < most; count++) {
    left -= payloadBytes(blocks[count]!.payload);
    if (left < 0 && count > 0) break;
  }
  return count;
}

interface Proven {
  readonly blocks: readonly FullBlock[];
  readonly qc: QuorumCertificate;
}

/**
 * Takes a chain whose last block is certified: each block names the one before by hash, so the certificate covers all.
 * Certificates within it need no check: honest weight voted for the blocks that carry them.
 */
export function onSyncReply(turn: Turn, from: string, reply: SyncReply): void {
  const { s } = turn;
  if (reply.qc.epoch !== s.committee.epoch || !isCertified(turn, reply.qc)) return;
  if (!isChain(turn, reply)) return;
  const { epoch } = s.committee;
  const fresh = reply.blocks.filter(
    ({ block, hash }) => block.height > s.committed.height && !s.blocks.has(hash),
  );
  for (const full of fresh) s.blocks.set(full.hash, full);
  if (fresh.length > 0) persist(turn, { kind: "sync-reply", blocks: fresh, qc: reply.qc });
  for (const { block } of reply.blocks) if (s.committee.epoch === epoch) learnQc(turn, block.justify);
  learnQc(turn, reply.qc);
  // It may have been cut off: as long as there is something new, there may be more where it came from.
  if (fresh.length > 0)
    send(turn, from, { kind: "sync-request", epoch: s.committee.epoch, height: s.committed.height });
  if (compareRank(reply.qc, s.highQc) >= 0 && s.deadline < turn.now) s.deadline = turn.now;
}

function isChain({ env }: Turn, { blocks, qc }: SyncReply): boolean {
  let next = qc;
  for (const full of blocks.toReversed()) {
    const { block, hash } = full;
    if (hash !== next.blockHash || block.height !== next.height || block.view !== next.view) return false;
    if (block.epoch !== qc.epoch || !bindsPayload(env, full)) return false;
    next = block.justify;
  }
  return true;
}
