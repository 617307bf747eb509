import { compareRank } from "./certificates.ts";
import { learnQc } from "./commit.ts";
import type { Config } from "./config.ts";
import { createState, type Effect, type Env, persist, type State, send, type Turn } from "./state.ts";
import type { Message } from "./types.ts";

export interface Recovered {
  readonly state: State;
  /** The commits the log proves, in order, and the last signed statements again: never different ones. */
  readonly effects: readonly Effect[];
}

/**
 * The state a log leads to. `damaged` says that the log was lost or is corrupt before its tail: what this member signed is
 * unknown, so it signs nothing until the next epoch, and a record keeps that for the restarts in between.
 */
export function recover(config: Config, env: Env, records: Iterable<Message>, damaged: boolean): Recovered {
  const state = createState(config, env);
  state.learner = true;
  const turn: Turn = { s: state, env, now: 0, out: [] };
  let epoch = state.committee.epoch;
  let unknown = false;
  for (const record of records) {
    replay(turn, record);
    if (record.kind === "damaged") unknown = true;
    else if (state.committee.epoch > epoch) unknown = false;
    epoch = state.committee.epoch;
    state.learner = true;
  }
  unknown ||= damaged;
  state.learner = unknown;
  const commits = turn.out
    .filter((effect) => effect.kind === "commit")
    .map((effect) => ({ ...effect, after: 0 }));
  turn.out.length = 0;
  state.token = 0;
  state.syncAt = 0;
  if (damaged) persist(turn, { kind: "damaged", epoch: state.committee.epoch });
  const { lastProposal, lastVote, lastTimeout, lastCheckpoint } = state;
  for (const message of [lastProposal, lastVote, lastTimeout, lastCheckpoint]) {
    if (message && !unknown) send(turn, "all", message);
  }
  return { state, effects: [...commits, ...turn.out] };
}

function replay(turn: Turn, record: Message): void {
  const { s } = turn;
  switch (record.kind) {
    case "propose":
      s.lastProposal = record;
      s.lastProposed = { view: record.block.view, height: record.block.height };
      if (record.tc) s.tc = record.tc;
      s.view = Math.max(s.view, record.block.view);
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
      if (record.tc.view < s.view) return;
      s.view = record.tc.view + 1;
      s.tc = record.tc;
      learnQc(turn, record.tc.highQc);
      return;
    case "checkpoint":
      s.lastCheckpoint = record;
      return;
    case "sync-reply":
      for (const full of record.blocks) s.blocks.set(full.hash, full);
      for (const { block } of record.blocks) learnQc(turn, block.justify);
      learnQc(turn, record.qc);
  }
}
