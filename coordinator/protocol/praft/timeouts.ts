import { oldestReady } from "./bundles.ts";
import { certifyTimeouts, compareRank } from "./certificates.ts";
import { askForBlocks, chainTo, isCertified, learnQc, timeoutOf } from "./commit.ts";
import { weightOf } from "./config.ts";
import { timeoutSigned, timeoutsConflict } from "./evidence.ts";
import { nextOf } from "./joining.ts";
import type { Timeout } from "./messages.ts";
import { hasTail } from "./proposing.ts";
import { memberId, NEVER, persist, send, signs, type Turn } from "./state.ts";
import { timeoutDigest } from "./statements.ts";
import { learnTc } from "./voting.ts";

/** The view's timer ran out: gives the view up; if it was given up before, says so again. */
export function onExpiry(turn: Turn): void {
  const { s, now, env } = turn;
  s.deadline = now + timeoutOf(s, env.limits);
  askForBlocks(turn, s.self, true);
  if (!signs(s)) return;
  if (s.lastTimeoutView < s.view) giveUp(turn, s.view);
  else if (s.lastTimeout) send(turn, "all", s.lastTimeout);
}

/**
 * Durable before it is sent: from here on no vote in this view or an earlier one. It goes to all, and anyone makes the
 * certificate: the next leader may have crashed too, and each such one would cost a second timeout.
 */
function giveUp(turn: Turn, view: number): void {
  const { s, env } = turn;
  s.view = view;
  s.lastTimeoutView = view;
  const digest = timeoutDigest(s.committee, view, s.highQc);
  const signature = env.scheme.sign(env.secretKey, digest);
  const { epoch } = s.committee;
  s.lastTimeout = { kind: "timeout", epoch, view, highQc: s.highQc, signer: s.self, signature };
  persist(turn, s.lastTimeout);
  send(turn, "all", s.lastTimeout);
}

/** Learns what a member reports; joins weight above F, and at weight Q goes on to the next view. */
export function onTimeout(turn: Turn, timeout: Timeout): void {
  const { s, env, out } = turn;
  if (!timeoutSigned(env.scheme, s.committee, timeout) || !isCertified(turn, timeout.highQc)) return;
  if (timeout.highQc.view > timeout.view) return;
  learnQc(turn, timeout.highQc);
  if (timeout.epoch !== s.committee.epoch) return;
  const before = s.timeouts[timeout.signer];
  if (before && timeoutsConflict(before, timeout)) {
    out.push({ kind: "evidence", evidence: { kind: "timeout", first: before, second: timeout } });
    return;
  }
  if (!before || before.view < timeout.view) s.timeouts[timeout.signer] = timeout;
  if (timeout.view < s.view) helpOn(turn, timeout);
  else if (!tryTc(turn, timeout.view)) join(turn);
}

function tryTc(turn: Turn, view: number): boolean {
  const { s, env } = turn;
  const same = s.timeouts.filter((each) => each?.view === view) as Timeout[];
  if (
    weightOf(
      s.committee,
      same.map((each) => each.signer),
    ) < s.committee.quorum
  )
    return false;
  const tc = certifyTimeouts(env.scheme, same);
  learnTc(turn, tc);
  send(turn, "all", { kind: "enter", tc });
  return true;
}

/** Weight above F gave up a view this member still waits in or never saw: at least one of them is honest. */
function join(turn: Turn): void {
  const { s } = turn;
  if (!signs(s)) return;
  const above = (s.timeouts.filter(Boolean) as Timeout[])
    .filter((each) => each.view > s.lastTimeoutView && each.view >= s.view)
    .sort((a, b) => b.view - a.view);
  let weight = 0;
  for (const { signer, view } of above) {
    weight += weightOf(s.committee, [signer]);
    if (weight > s.committee.faulty) {
      giveUp(turn, view);
      return;
    }
  }
}

/** A member that gave up an old view gets what took this one further. */
function helpOn(turn: Turn, { signer, highQc }: Timeout): void {
  const { s } = turn;
  if (signer === s.self) return;
  if (s.tc) send(turn, memberId(s, signer), { kind: "enter", tc: s.tc });
  if (compareRank(s.highQc, highQc) > 0) {
    send(turn, memberId(s, signer), { kind: "sync-reply", blocks: [], qc: s.highQc });
  }
}

/** The timer runs while there is something to order or to commit. */
export function settleTimer(turn: Turn): void {
  const { s, now, env } = turn;
  const closes = s.self < 0 ? s.nextConfig !== undefined : nextOf(turn) !== undefined;
  const chain = chainTo(s, s.highQc.blockHash);
  const { lastVote } = s;
  const voted = lastVote?.view === s.view && compareRank(lastVote, s.highQc) > 0;
  const waiting = voted || oldestReady(s) !== undefined || closes || !chain || hasTail(chain);
  if (!waiting && s.lastTimeoutView < s.view) s.deadline = NEVER;
  else if (s.deadline === NEVER) s.deadline = now + timeoutOf(s, env.limits);
}
