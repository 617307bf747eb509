import { sendSnapshot } from "./catch-up.ts";
import { compareRank } from "./certificates.ts";
import { chainTo, isCertified, learnQc } from "./commit.ts";
import { MAX_SYNC_BLOCKS } from "./decode.ts";
import { persist, send, type Turn } from "./state.ts";
import type { FullBlock, QuorumCertificate, SyncReply, SyncRequest } from "./types.ts";
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
  const next = blocks[MAX_SYNC_BLOCKS];
  send(turn, from, {
    kind: "sync-reply",
    blocks: blocks.slice(0, MAX_SYNC_BLOCKS),
    qc: next?.block.justify ?? qc,
  });
  return !next;
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
  if (!isChain(reply)) return;
  const { epoch } = s.committee;
  const fresh = reply.blocks.filter(
    ({ block, hash }) => block.height > s.committed.height && !s.blocks.has(hash),
  );
  for (const full of fresh) s.blocks.set(full.hash, full);
  if (fresh.length > 0) persist(turn, { kind: "sync-reply", blocks: fresh, qc: reply.qc });
  for (const { block } of reply.blocks) if (s.committee.epoch === epoch) learnQc(turn, block.justify);
  learnQc(turn, reply.qc);
  // A full answer was cut off: there is more where it came from.
  if (reply.blocks.length === MAX_SYNC_BLOCKS && fresh.length > 0)
    send(turn, from, { kind: "sync-request", epoch: s.committee.epoch, height: s.committed.height });
  if (compareRank(reply.qc, s.highQc) >= 0 && s.deadline < turn.now) s.deadline = turn.now;
}

function isChain({ blocks, qc }: SyncReply): boolean {
  let next = qc;
  for (const full of blocks.toReversed()) {
    const { block, hash } = full;
    if (hash !== next.blockHash || block.height !== next.height || block.view !== next.view) return false;
    if (block.epoch !== qc.epoch || !bindsPayload(full)) return false;
    next = block.justify;
  }
  return true;
}
