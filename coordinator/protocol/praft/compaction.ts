import type { Message } from "./messages.ts";
import type { State, Turn } from "./state.ts";
import type { FullBlock, QuorumCertificate } from "./types.ts";

/** Starts the log again from the newest certified snapshot, and forgets blocks from before the one it last started from. */
export function compact(turn: Turn): void {
  const { s, out } = turn;
  const { height } = s.stable!.content;
  const from = Math.min(s.compactedAt, s.committed.height);
  if (from > s.historyFrom) {
    s.history.splice(0, from - s.historyFrom);
    s.historyFrom = from;
  }
  s.compactedAt = height;
  s.historyBytes = 0;
  s.token++;
  out.push({ kind: "compact", token: s.token, records: records(s) });
}

/** What leads a new state to this one: the snapshot, what came after it, and the last statements of its own. */
function records(s: State): Message[] {
  const { certificate, bytes, content } = s.stable!;
  const handovers = [...s.closings.values()].map(({ handover }) => handover);
  const all: Message[] = [{ kind: "snapshot", handovers, certificate, bytes }];
  if (s.unknownUntil >= s.committee.epoch) all.push(damage(s));
  for (const full of s.history.slice(Math.max(0, content.height - s.historyFrom))) {
    all.push(recordOf([full], full.block.justify));
    const closing = s.closings.get(full.block.epoch);
    if (closing?.proof && closing.handover.closing.height === full.block.height)
      all.push(...proof(closing.proof));
  }
  if (s.commitProof) all.push(...proof(s.commitProof));
  const above = [...s.blocks.values()].sort((a, b) => a.block.height - b.block.height);
  for (const full of above) all.push(recordOf([full], full.block.justify));
  all.push(recordOf([], s.highQc));
  if (s.tc) all.push({ kind: "enter", tc: s.tc });
  for (const message of [s.lastProposal, s.lastVote, s.lastTimeout, s.lastCheckpoint, s.previous?.own])
    if (message) all.push(message);
  return all;
}

function proof({ tail, qc }: NonNullable<State["commitProof"]>): Message[] {
  return [...tail.map((full) => recordOf([full], full.block.justify)), recordOf([], qc)];
}

function recordOf(blocks: readonly FullBlock[], qc: QuorumCertificate): Message {
  return { kind: "sync-reply", blocks, qc };
}

/** The record of a lost log. */
export function damage({ unknownUntil }: State): Message {
  return unknownUntil === Number.MAX_SAFE_INTEGER
    ? { kind: "damaged" }
    : { kind: "damaged", epoch: unknownUntil };
}
