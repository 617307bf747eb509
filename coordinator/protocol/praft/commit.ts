import { equalBytes, type Hex, ZERO_HASH } from "../bytes.ts";
import { contradicts } from "./anchors.ts";
import { payloadBytes } from "./bundle-hashes.ts";
import { execute, oldestReady, waitedSince } from "./bundles.ts";
import { compareRank, isQuorumCertificate, sameRank } from "./certificates.ts";
import { signCheckpoint } from "./checkpoints.ts";
import { committeeOf } from "./config.ts";
import { MAX_HANDOVERS } from "./decode.ts";
import type { Limits } from "./env.ts";
import { forkedChain, halt } from "./forks.ts";
import { skipLate } from "./skipping.ts";
import {
  type Closing,
  type CommitProof,
  currentLeader,
  epochState,
  memberId,
  persist,
  ROOTS_KEPT,
  type State,
  send,
  type Turn,
} from "./state.ts";
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
    (a.epoch === b.epoch &&
      sameRank(a, b) &&
      a.blockHash === b.blockHash &&
      a.signers.length === b.signers.length &&
      a.signers.every((signer, i) => signer === b.signers[i]) &&
      equalBytes(a.signature, b.signature))
  );
}

/**
 * Learns a valid certificate: remembers the highest, follows it into its view, and commits. A block is committed when it
 * and a direct child are both certified in its view; its ancestors are committed with it.
 */
export function learnQc(turn: Turn, qc: QuorumCertificate): void {
  const { s } = turn;
  if (qc.epoch !== s.committee.epoch) return;
  if (compareRank(qc, s.highQc) > 0) {
    s.highQc = qc;
    measure(turn);
  }
  if (qc.view > s.view) enterView(turn, qc.view, undefined);
  const child = s.blocks.get(qc.blockHash);
  if (!child) {
    if (qc.height > s.committed.height && !isHeld(s, qc.blockHash))
      askForBlocks(turn, currentLeader(s, s.view));
    return;
  }
  const { justify } = child.block;
  if (justify.view === child.block.view && justify.height > s.committed.height) {
    commitChain(turn, justify.blockHash, qc);
  }
}

/** The block is here but for bundles or blocks below it. */
export function isHeld({ held }: State, blockHash: Hex): boolean {
  return held.some(({ message }) => message.hash === blockHash);
}

/** Goes on to a view; `tc` lets its leader start it from the highest certificate reported. */
export function enterView({ s, now, env }: Turn, view: number, tc: TimeoutCertificate | undefined): void {
  s.view = view;
  s.tc = tc;
  s.votedAt = Number.MAX_SAFE_INTEGER;
  s.deadline = now + timeoutOf(s, env.limits);
  // Who was asked last may be the leader that is gone.
  s.syncAt = Math.min(s.syncAt, now);
}

/**
 * Asks one member for what follows the committed height, at most once in half a timeout. Who would have to ask itself asks the
 * others in turn: some know no more than it does, and a choice by the clock may fall on those each time.
 */
export function askForBlocks(turn: Turn, member: number, force = false): void {
  const { s, now, env } = turn;
  if (now < s.syncAt && !force) return;
  s.syncAt = now + env.limits.timeoutFloor / 2;
  const others = [...s.committee.members.keys()].filter((each) => each !== s.self);
  const to = member === s.self ? others[(Math.max(0, s.self) + s.askedInTurn++) % others.length] : member;
  if (to === undefined) return;
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

function commitChain(turn: Turn, hash: Hex, qc: QuorumCertificate): void {
  const { s } = turn;
  const chain = chainTo(s, hash);
  if (!chain) {
    const forked = forkedChain(s, hash);
    if (forked) halt(turn, qc, forked);
    else askForBlocks(turn, currentLeader(s, s.view));
    return;
  }
  // The epoch ends with the block that closes it, whichever certificate commits that: all start the next from the same one.
  const closing = chain.findIndex(({ block }) => block.nextConfigHash !== ZERO_HASH);
  const done = closing < 0 ? chain : chain.slice(0, closing + 1);
  s.commitProof = { tail: [...chain.slice(done.length), s.blocks.get(qc.blockHash)!], qc };
  persist(turn, { kind: "sync-reply", blocks: [], qc });
  const served = waitedSince(s, done);
  for (const full of done) if (!s.halted) commitBlock(turn, full);
  if (s.halted) return;
  if (closing >= 0) startEpoch(turn, chain[closing]!, s.commitProof);
  else prune(s);
  onProgress(turn, served);
}

function commitBlock(turn: Turn, full: FullBlock): void {
  const { s, env, out } = turn;
  const { block, hash, payload } = full;
  const { epoch, height } = block;
  if (contradicts(s, { epoch, configHash: s.committee.hash, height, blockHash: hash })) {
    s.halted = true;
    out.push({ kind: "fork", code: "PRAFT_ANCHOR", height: s.committed.height, charges: [] });
    return;
  }
  skipLate(s, block, env.limits.skipViews);
  const fresh = execute(s, payload.bundles, env.limits.maxClients);
  s.app = env.application.apply(s.app, block, fresh, s.committee);
  s.roots.set(height, env.application.stateRoot(s.app));
  s.roots.delete(height - ROOTS_KEPT);
  s.committed = { hash, height, time: block.time };
  s.committedView = block.view;
  s.history.push(full);
  s.historyBytes += payloadBytes({ bundles: fresh });
  out.push({ kind: "commit", block: full, fresh, decided: env.application.decided(s.app), after: s.token });
  if (height % env.limits.checkpointEvery === 0 || block.nextConfigHash !== ZERO_HASH)
    signCheckpoint(turn, full);
}

/** The next epoch starts from the block that closed this one. */
function startEpoch(turn: Turn, closed: FullBlock, proof: CommitProof): void {
  const { s, env } = turn;
  const config = closed.payload.nextConfig!;
  const tail = proof.tail.map(({ block }) => block);
  const handover = { closing: closed.block, tail, qc: proof.qc, config };
  keepClosing(s, { proof, handover });
  s.previous = { committee: s.committee, checkpoints: s.checkpoints, own: s.lastCheckpoint };
  Object.assign(s, epochState(committeeOf(config), s.committed, env));
}

/** The oldest is forgotten: who is that far behind starts with a newer committee file. */
export function keepClosing({ closings }: State, closing: Closing): void {
  closings.set(closing.handover.closing.epoch, closing);
  for (const epoch of closings.keys())
    if (epoch <= closing.handover.closing.epoch - MAX_HANDOVERS) closings.delete(epoch);
}

/** Forgets orphans; the order of the map plays no part. */
function prune(s: State): void {
  for (const [hash, { block }] of s.blocks) if (block.height <= s.committed.height) s.blocks.delete(hash);
}

/**
 * A commit restarts the timer, unless this leader may be hiding a client. Who works through a long queue serves what came about
 * when the oldest did; who hides one serves others that came long after it, or nobody.
 */
function onProgress({ s, now, env: { limits } }: Turn, served: number): void {
  s.failedViews = Math.max(0, s.failedViews - 1);
  const oldest = oldestReady(s);
  const patience = 2 * timeoutOf(s, limits);
  const hides = oldest && now - oldest.since >= patience && served - oldest.since >= patience;
  if (!hides) s.deadline = now + timeoutOf(s, limits);
}

/** clamp(k × latency), doubled for each view that failed since. */
export function timeoutOf(s: State, limits: Limits): number {
  return Math.min(limits.timeoutCeiling, calmTimeout(s, limits) * 2 ** Math.min(s.failedViews, 16));
}

/** While no view fails. */
export function calmTimeout({ latency }: State, { timeoutFloor, timeoutFactor }: Limits): number {
  return Math.max(timeoutFloor, Math.ceil(timeoutFactor * latency));
}

/** Follows the upper end of the time from vote to certificate: up by a quarter of the gap, down by a sixty-fourth. */
function measure({ s, now }: Turn): void {
  const sample = now - s.votedAt;
  if (sample < 0) return;
  s.latency += sample > s.latency ? (sample - s.latency) / 4 : (sample - s.latency) / 64;
  s.votedAt = Number.MAX_SAFE_INTEGER;
}
