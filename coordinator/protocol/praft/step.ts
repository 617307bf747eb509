import { onAnchored } from "./anchors.ts";
import { onSubmit } from "./bundles.ts";
import { onSnapshot } from "./catch-up.ts";
import { onCheckpoint, remind } from "./checkpoints.ts";
import { askForBlocks } from "./commit.ts";
import type { Effect, Event } from "./effects.ts";
import type { Env } from "./env.ts";
import { announce, onReady, onReconfigure } from "./joining.ts";
import type { Message } from "./messages.ts";
import { onWant, repeatAt, repeatProposal } from "./outlines.ts";
import { tryPropose } from "./proposing.ts";
import { hear } from "./recovery.ts";
import { NEVER, type State, type Turn } from "./state.ts";
import { onSyncReply, onSyncRequest } from "./sync.ts";
import { onExpiry, onTimeout, settleTimer } from "./timeouts.ts";
import { learnTc, onProposal, onVote, retryHeld, tellCertified } from "./voting.ts";

/** Floors of the timeout between two questions to others whether there is more. */
const PULL_EVERY = 8;

export interface Stepped {
  readonly state: State;
  /** To be carried out in order; see {@link Effect} for what has to be durable before. */
  readonly effects: readonly Effect[];
}

/** One event. No clock, no randomness, no I/O: the same state and event give the same state and effects. */
export function step(state: State, event: Event, env: Env): Stepped {
  const turn: Turn = { s: state, env, now: event.now, out: [] };
  if (state.halted) return { state, effects: turn.out };
  switch (event.kind) {
    case "message":
      hear(turn, event.from, event.message);
      onMessage(turn, event.from, event.message);
      break;
    case "tick":
      onTick(turn);
      break;
    case "reconfigure":
      onReconfigure(turn, event.config);
      break;
    case "anchored":
      onAnchored(turn, event.anchor);
  }
  retryHeld(turn);
  repeatProposal(turn);
  if (!state.halted) tryPropose(turn);
  tellCertified(turn);
  announce(turn);
  settleTimer(turn);
  return { state, effects: turn.out };
}

/** When the engine wants its next tick at the latest, in the time of the events. */
export function wakeAt(state: State, env: Env): number {
  const pullAt = state.syncAt + PULL_EVERY * env.limits.timeoutFloor;
  return Math.min(state.deadline, pullAt, repeatAt(state), ...state.held.map(({ wantAt = NEVER }) => wantAt));
}

function onMessage(turn: Turn, from: string, message: Message): void {
  switch (message.kind) {
    case "propose":
    case "outline":
      onProposal(turn, message);
      return;
    case "want":
      onWant(turn, from, message);
      return;
    case "vote":
      onVote(turn, from, message);
      return;
    case "timeout":
      onTimeout(turn, message);
      return;
    case "submit":
      onSubmit(turn, from, message.bundle);
      return;
    case "enter":
      learnTc(turn, message.tc);
      return;
    case "sync-request":
      onSyncRequest(turn, from, message);
      return;
    case "sync-reply":
      onSyncReply(turn, from, message);
      return;
    case "checkpoint":
      onCheckpoint(turn, message);
      return;
    case "ready":
      onReady(turn, message);
      return;
    case "snapshot":
      onSnapshot(turn, from, message);
      return;
  }
}

function onTick(turn: Turn): void {
  const { s, env, now } = turn;
  if (now >= s.deadline) onExpiry(turn);
  else if (now >= s.syncAt + PULL_EVERY * env.limits.timeoutFloor) {
    askForBlocks(turn, s.self);
    remind(turn);
  }
}
