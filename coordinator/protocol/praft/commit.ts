import { type Hex, ZERO_HASH } from "../bytes.ts";
import { execute } from "./bundles.ts";
import { compareRank, isQuorumCertificate, sameRank } from "./certificates.ts";
import { committeeOf } from "./config.ts";
import {
  type CommitProof,
  currentLeader,
  epochState,
  memberId,
  persist,
  type State,
  send,
  signs,
  type Turn,
} from "./state.ts";
import { checkpointDigest } from "./statements.ts";
import type { FullBlock, QuorumCertificate, TimeoutCertificate } from "./types.ts";

/** Valid here: weight ≥ Q of this epoch, or the very block the epoch starts from. */
export function isCertified({ s, env }: Turn, qc: QuorumCertificate): boolean {
  const { base, committee } = s;
  if (sameQc(qc, s.highQc)) return true;
  if (qc.view === 0) {
    return (
      qc.epoch === committee.epoch &&
      qc.signers.length === 0 &&
      qc.height === base.height &&
      qc.blockHash === base.hash
    );
  }
  return isQuorumCertificate(env.scheme, committee, qc);
}

/** Checked before, so not again: the same statement with the same signatures. */
function sameQc(a: QuorumCertificate, b: QuorumCertificate): boolean {
  return (
    a === b ||
    (a.epoch === b.epoch && sameRank(a, b) && a.blockHash === b.blockHash && a.signature === b.signature)
  );
}

/**
 * Learns a valid certificate: remembers the highest, follows it into its view, and commits. A block is committed when it
 * and a direct child are both certified in its view; its ancestors are committed with it.
 */
export function learnQc(turn: Turn, qc: QuorumCertificate): void {
  const { s, now } = turn;
  if (qc.epoch !== s.committee.epoch) return;
  if (compareRank(qc, s.highQc) > 0) {
    s.highQc = qc;
    measure(turn);
  }
  if (qc.view > s.view) enterView(turn, qc.view, undefined);
  const child = s.blocks.get(qc.blockHash);
  if (!child) {
    if (qc.height > s.committed.height) askForBlocks(turn, currentLeader(s, s.view));
    return;
  }
  const { justify } = child.block;
  if (justify.view === child.block.view && justify.height > s.committed.height) {
    if (commitChain(turn, justify.blockHash, qc)) onProgress(s, now, turn.env.limits);
  }
}

/** Goes on to a view; `tc` lets its leader start it from the highest certificate reported. */
export function enterView({ s, now, env }: Turn, view: number, tc: TimeoutCertificate | undefined): void {
  s.view = view;
  s.tc = tc;
  s.resent = false;
  s.votedAt = Number.MAX_SAFE_INTEGER;
  s.deadline = now + timeoutOf(s, env.limits);
}

/** Asks one member for what follows the committed height, at most once in half a timeout. */
export function askForBlocks(turn: Turn, member: number, force = false): void {
  const { s, now, env } = turn;
  if (now < s.syncAt && !force) return;
  s.syncAt = now + env.limits.timeoutFloor / 2;
  const peers = s.committee.members.length;
  const to = member === s.self ? (member + 1 + (now % Math.max(1, peers - 1))) % peers : member;
  if (to === s.self) return;
  send(turn, memberId(s, to), { kind: "sync-request", epoch: s.committee.epoch, height: s.committed.height });
}

/** The blocks from the committed one (exclusive) up to `hash`, oldest first; undefined if one is missing. */
export function chainTo(s: State, hash: Hex): FullBlock[] | undefined {
  const chain: FullBlock[] = [];
  for (let at = hash; at !== s.committed.hash; ) {
    const full = s.blocks.get(at);
    if (!full || full.block.height <= s.committed.height) return undefined;
    chain.push(full);
    at = full.block.justify.blockHash;
  }
  return chain.reverse();
}

function commitChain(turn: Turn, hash: Hex, qc: QuorumCertificate): boolean {
  const { s, out } = turn;
  const chain = chainTo(s, hash);
  if (!chain) {
    if (forks(s, hash)) {
      s.halted = true;
      out.push({ kind: "fork", height: s.committed.height, qc });
    } else askForBlocks(turn, currentLeader(s, s.view));
    return false;
  }
  // The epoch ends with the block that closes it, whichever certificate commits that: all start the next from the same one.
  const closing = chain.findIndex(({ block }) => block.nextConfigHash !== ZERO_HASH);
  const done = closing < 0 ? chain : chain.slice(0, closing + 1);
  s.commitProof = { tail: [...chain.slice(done.length), s.blocks.get(qc.blockHash)!], qc };
  persist(turn, { kind: "sync-reply", blocks: [], qc });
  for (const full of done) commitBlock(turn, full);
  if (closing >= 0) startEpoch(turn, chain[closing]!, s.commitProof);
  else prune(s);
  return true;
}

/** A certified chain that reaches the committed height at another block. */
function forks(s: State, hash: Hex): boolean {
  let full = s.blocks.get(hash);
  while (full && full.block.height > s.committed.height + 1)
    full = s.blocks.get(full.block.justify.blockHash);
  return full !== undefined && full.block.justify.blockHash !== s.committed.hash;
}

function commitBlock(turn: Turn, full: FullBlock): void {
  const { s, env, out } = turn;
  const { block, hash } = full;
  const parentView = s.history.at(-1)?.block.epoch === block.epoch ? s.history.at(-1)!.block.view : 0;
  for (
    let view = Math.max(parentView + 1, block.view - s.committee.members.length);
    view < block.view;
    view++
  ) {
    s.skippedUntil[currentLeader(s, view)] = block.view + env.limits.skipViews;
  }
  const fresh = execute(s, full.payload.bundles);
  s.roots.push(env.apply(s.roots.at(-1)!, block, fresh));
  s.committed = { hash, height: block.height, time: block.time };
  s.history.push(full);
  out.push({ kind: "commit", block: full, fresh, after: s.token });
  if (block.height % env.limits.checkpointEvery === 0) signCheckpoint(turn, full);
}

/** Durable before it is sent, like every statement: after a restart the same one is sent again. */
function signCheckpoint(turn: Turn, { block, hash }: FullBlock): void {
  const { s, env } = turn;
  if (!signs(s)) return;
  const { epoch } = s.committee;
  const content = {
    height: block.height,
    blockHash: hash,
    stateRoot: s.roots[block.height]!,
    nextConfigHash: block.nextConfigHash,
  };
  const signature = env.scheme.sign(env.secretKey, checkpointDigest(s.committee, content));
  s.lastCheckpoint = { kind: "checkpoint", epoch, ...content, signer: s.self, signature };
  persist(turn, s.lastCheckpoint);
  send(turn, "all", s.lastCheckpoint);
}

/** The next epoch starts from the block that closed this one. */
function startEpoch(turn: Turn, closed: FullBlock, closing: CommitProof): void {
  const { s, env } = turn;
  s.closings[s.committee.epoch] = closing;
  Object.assign(s, epochState(committeeOf(closed.payload.nextConfig!), s.committed, env));
  s.learner = false;
}

/** Forgets orphans; the order of the map plays no part. */
function prune(s: State): void {
  for (const [hash, { block }] of s.blocks) if (block.height <= s.committed.height) s.blocks.delete(hash);
}

/** A commit restarts the timer, unless a client has waited so long that this leader may be hiding it. */
function onProgress(s: State, now: number, limits: Turn["env"]["limits"]): void {
  s.failedViews = Math.max(0, s.failedViews - 1);
  const oldest = s.pending[0];
  const patience = 2 * timeoutOf(s, limits);
  if (!oldest || now - oldest.since < patience) s.deadline = now + timeoutOf(s, limits);
}

/** clamp(k × latency), doubled for each view that failed since. */
export function timeoutOf({ latency, failedViews }: State, limits: Turn["env"]["limits"]): number {
  const { timeoutFloor, timeoutCeiling, timeoutFactor } = limits;
  const calm = Math.max(timeoutFloor, Math.ceil(timeoutFactor * latency));
  return Math.min(timeoutCeiling, calm * 2 ** Math.min(failedViews, 16));
}

/** Follows the upper end of the time from vote to certificate: up by a quarter of the gap, down by a sixty-fourth. */
function measure({ s, now }: Turn): void {
  const sample = now - s.votedAt;
  if (sample < 0) return;
  s.latency += sample > s.latency ? (sample - s.latency) / 4 : (sample - s.latency) / 64;
  s.votedAt = Number.MAX_SAFE_INTEGER;
}
