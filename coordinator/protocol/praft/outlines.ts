import type { Sha256 } from "../model/merkle.ts";
import { nameOf } from "./bundle-hashes.ts";
import { compareRank } from "./certificates.ts";
import { askForBlocks, calmTimeout } from "./commit.ts";
import type { Outline, Proposal, Want } from "./messages.ts";
import { type Held, memberId, NEVER, type State, send, signs, type Turn } from "./state.ts";
import type { Bundle } from "./types.ts";

/** Of each signer. */
const MAX_HELD = 8;
/** The part of a timeout that bundles have to come from their clients, before the leader is asked for them. */
const PATIENCE = 1 / 12;
/** The part of a timeout after which a proposal without certificate is sent again. */
const REPEAT = 1 / 2;
/** Heights for which a member that lacked bundles is sent whole proposals: what it lacks next, it need not wait for. */
const WHOLE_FOR = 16;

/** What is said of a proposal to who has its bundles. */
export function outlineOf({ payload, ...proposal }: Proposal, sha256?: Sha256): Outline {
  const { bundles, nextConfig } = payload;
  const names = bundles.map((bundle) => nameOf(bundle, sha256));
  return { ...proposal, kind: "outline", bundles: names, ...(nextConfig && { nextConfig }) };
}

/** The outline of a proposal to all, and the whole of it to those that lacked something lately. */
export function announceProposal(turn: Turn, proposal: Proposal): void {
  const { s, env, now } = turn;
  s.repeatAt = now + Math.ceil(REPEAT * calmTimeout(s, env.limits));
  if (proposal.payload.bundles.length > 0)
    for (const [member, until] of s.wholeUntil.entries())
      if (until >= proposal.block.height) send(turn, memberId(s, member), proposal);
  send(turn, "all", outlineOf(proposal, env.sha256));
}

/** A proposal that is not certified in time goes again to who has not voted: a message lost must not cost the view. */
export function repeatProposal(turn: Turn): void {
  const { s, env, now } = turn;
  const proposal = s.lastProposal;
  if (!proposal || now < repeatAt(s)) return;
  s.repeatAt = now + Math.ceil(REPEAT * calmTimeout(s, env.limits));
  const outline = outlineOf(proposal, env.sha256);
  for (const [member, vote] of s.votes.entries())
    if (vote?.blockHash !== proposal.hash) send(turn, memberId(s, member), outline);
}

/** When the newest proposal is due again; never if it is certified, or of a view that is over. */
export function repeatAt(s: State): number {
  const { lastProposal, highQc, view, lastTimeoutView } = s;
  const block = lastProposal?.block;
  const waits = block?.view === view && lastTimeoutView < view && compareRank(block, highQc) > 0;
  return waits && signs(s) ? s.repeatAt : NEVER;
}

/** The proposal an outline stands for; undefined if some of its bundles are not here. */
export function wholeOf({ s }: Turn, outline: Outline): Proposal | undefined {
  if (s.lastProposal?.hash === outline.hash) return s.lastProposal;
  const { bundles: names, nextConfig, ...proposed } = outline;
  const bundles: Bundle[] = [];
  for (const name of names) {
    const bundle = s.pendingByName.get(name);
    if (!bundle) return undefined;
    bundles.push(bundle);
  }
  const payload = nextConfig ? { bundles, nextConfig } : { bundles };
  return { ...proposed, kind: "propose", payload };
}

/**
 * Keeps what cannot be voted on yet. Of one signer's too many the oldest goes, for who lags that far is sent blocks; and of its
 * whole proposals all but the newest, for they may be large.
 */
export function hold(s: State, held: Held): void {
  const { kind, hash, signer } = held.message;
  const others = s.held.filter(({ message }) => message.signer !== signer);
  const own = s.held.filter(({ message }) => message.signer === signer && message.hash !== hash);
  const kept = kind === "propose" ? own.filter(({ message }) => message.kind !== "propose") : own;
  s.held = [...others, ...kept.slice(1 - MAX_HELD), held];
}

/**
 * Holds an outline until its bundles are here. What their clients do not bring in time, its leader is asked for, once; the
 * block itself, too, if it is certified without this member.
 */
export function holdOutline(turn: Turn, message: Outline, wantAt: number | undefined): void {
  const { s, env, now } = turn;
  const due = wantAt ?? now + Math.ceil(PATIENCE * calmTimeout(s, env.limits));
  hold(s, { message, wantAt: now < due ? due : NEVER });
  if (now < due) return;
  if (compareRank(s.highQc, message.block) >= 0) askForBlocks(turn, message.signer);
  send(turn, memberId(s, message.signer), { kind: "want", blockHash: message.hash });
}

/**
 * Sends the proposal, if it is the newest, and whole ones for a while. Once for a proposal: who asks again was told, and a large
 * answer to each small question would be worth an attack.
 */
export function onWant(turn: Turn, from: string, { blockHash }: Want): void {
  const { s } = turn;
  const member = s.committee.members.findIndex(({ id }) => id === from);
  const proposal = s.lastProposal;
  if (member < 0 || !proposal) return;
  const { height } = proposal.block;
  if (s.wholeUntil[member]! >= height) return;
  s.wholeUntil[member] = height + WHOLE_FOR;
  if (proposal.hash === blockHash) send(turn, from, proposal);
}
