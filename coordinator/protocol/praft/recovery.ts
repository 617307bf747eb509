import { adopt } from "./catch-up.ts";
import { compareRank } from "./certificates.ts";
import { learnQc } from "./commit.ts";
import { damage } from "./compaction.ts";
import { type Config, weightOf } from "./config.ts";
import type { Effect } from "./effects.ts";
import type { Env } from "./env.ts";
import type { Message, Proposal, SnapshotMessage } from "./messages.ts";
import { readSnapshot } from "./snapshots.ts";
import { createState, NEVER, persist, type State, send, signs, type Turn } from "./state.ts";
import type { TimeoutCertificate } from "./types.ts";

export interface Recovered {
  readonly state: State;
  /** The commits the log proves, in order, and the last signed statements again: never different ones. */
  readonly effects: readonly Effect[];
}

/**
 * The state a log leads to. `damaged` says that the log was lost or is corrupt before its tail: what this member signed is
 * unknown. It may have been further than it can know, so it first hears from weight Q in one epoch: none of its own
 * statements is of a later one than the next. It signs nothing up to that, and a record keeps this for later restarts.
 */
export function recover(config: Config, env: Env, records: Iterable<Message>, damaged: boolean): Recovered {
  const state = createState(config, env);
  state.replaying = true;
  const turn: Turn = { s: state, env, now: 0, out: [] };
  for (const record of records) replay(turn, record);
  state.replaying = false;
  const commits = turn.out
    .filter((effect) => effect.kind === "commit")
    .map((effect) => ({ ...effect, after: 0 }));
  turn.out.length = 0;
  state.token = 0;
  state.syncAt = 0;
  if (damaged) {
    state.unknownUntil = NEVER;
    persist(turn, damage(state));
  }
  const { lastProposal, lastVote, lastTimeout, lastCheckpoint, previous } = state;
  for (const message of [lastProposal, lastVote, lastTimeout, lastCheckpoint, previous?.own]) {
    if (message && signs(state)) send(turn, "all", message);
  }
  return { state, effects: [...commits, ...turn.out] };
}

/** Notes where the others are, for a member that does not know where it was itself. */
export function hear(turn: Turn, from: string, message: Message): void {
  const { s } = turn;
  if (s.unknownUntil !== NEVER) return;
  const member = s.committee.members.findIndex(({ id }) => id === from);
  if (member < 0 || member === s.self || epochOf(message) !== s.committee.epoch) return;
  s.heard.add(member);
  if (weightOf(s.committee, s.heard) < s.committee.quorum) return;
  s.unknownUntil = s.committee.epoch + 1;
  persist(turn, damage(s));
}

/** The epoch its sender is in; of an answer to a question it may be an earlier one. */
function epochOf(message: Message): number | undefined {
  switch (message.kind) {
    case "propose":
    case "outline":
      return message.block.epoch;
    case "vote":
    case "timeout":
    case "checkpoint":
    case "sync-request":
      return message.epoch;
    default:
      return undefined;
  }
}

function replay(turn: Turn, record: Message): void {
  const { s } = turn;
  switch (record.kind) {
    case "propose":
      s.lastProposal = record;
      s.lastProposed = { view: record.block.view, height: record.block.height };
      if (record.block.tc) s.tc = record.block.tc;
      s.view = Math.max(s.view, record.block.view);
      take(turn, record);
      return;
    case "vote":
      s.lastVote = record;
      s.lastVoted = { view: record.view, height: record.height };
      s.view = Math.max(s.view, record.view);
      return;
    case "timeout":
      s.lastTimeout = record;
      s.lastTimeoutView = record.view;
      s.view = Math.max(s.view, record.view);
      if (compareRank(record.highQc, s.highQc) > 0) s.highQc = record.highQc;
      return;
    case "enter":
      enter(turn, record.tc);
      return;
    case "checkpoint":
      if (record.epoch === s.committee.epoch) s.lastCheckpoint = record;
      else if (record.epoch === s.previous?.committee.epoch) s.previous = { ...s.previous, own: record };
      return;
    case "damaged":
      s.unknownUntil = record.epoch ?? NEVER;
      return;
    case "snapshot":
      restore(turn, record);
      return;
    case "sync-reply":
      for (const full of record.blocks) s.blocks.set(full.hash, full);
      for (const { block } of record.blocks) learnQc(turn, block.justify);
      learnQc(turn, record.qc);
  }
}

/** The own vote for the own proposal names a block that no other record holds. */
function take(turn: Turn, { block, payload, hash }: Proposal): void {
  const { s } = turn;
  if (block.epoch !== s.committee.epoch || block.height <= s.committed.height) return;
  s.blocks.set(hash, { block, payload, hash });
  learnQc(turn, block.justify);
}

function enter(turn: Turn, tc: TimeoutCertificate): void {
  const { s } = turn;
  if (tc.view < s.view) return;
  s.view = tc.view + 1;
  s.tc = tc;
  learnQc(turn, tc.highQc);
}

function restore({ s, env }: Turn, message: SnapshotMessage): void {
  const snapshot = readSnapshot(message.bytes, message.certificate.content);
  if (snapshot) adopt(s, env, { message, snapshot });
}
