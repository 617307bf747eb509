import type { Sha256 } from "../model/merkle.ts";
import { nameOf } from "./bundle-hashes.ts";
import { compareRank } from "./certificates.ts";
import { askForBlocks, timeoutOf } from "./commit.ts";
import type { Outline, Proposal, Want } from "./messages.ts";
import { type Held, memberId, NEVER, type State, send, type Turn } from "./state.ts";
import type { Bundle } from "./types.ts";

const MAX_HELD = 16;
/** The part of a timeout that bundles have to come from their clients, before the leader is asked for them. */
const PATIENCE = 1 / 12;
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
  const { s, env } = turn;
  if (proposal.payload.bundles.length > 0)
    for (const [member, until] of s.wholeUntil.entries())
      if (until >= proposal.block.height) send(turn, memberId(s, member), proposal);
  send(turn, "all", outlineOf(proposal, env.sha256));
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

/** Keeps what cannot be voted on yet; of too much the oldest goes, for who lags that far is sent blocks. */
export function hold(s: State, held: Held): void {
  s.held = [...s.held.filter(({ message }) => message.hash !== held.message.hash), held].slice(-MAX_HELD);
}

/**
 * Holds an outline until its bundles are here. What their clients do not bring in time, its leader is asked for, once; or
 * somebody is for the block, if it is certified without this member.
 */
export function holdOutline(turn: Turn, message: Outline, wantAt: number | undefined): void {
  const { s, env, now } = turn;
  const due = wantAt ?? now + Math.ceil(PATIENCE * timeoutOf(s, env.limits));
  hold(s, { message, wantAt: now < due ? due : NEVER });
  if (now < due) return;
  if (compareRank(s.highQc, message.block) >= 0) askForBlocks(turn, message.signer);
  else send(turn, memberId(s, message.signer), { kind: "want", blockHash: message.hash });
}

/** Once for a proposal: who asks again was told, and a large answer to each small question would be worth an attack. */
export function onWant(turn: Turn, from: string, { blockHash }: Want): void {
  const { s } = turn;
  const member = s.committee.members.findIndex(({ id }) => id === from);
  const proposal = s.lastProposal;
  if (member < 0 || proposal?.hash !== blockHash) return;
  const { height } = proposal.block;
  if (s.wholeUntil[member]! >= height) return;
  s.wholeUntil[member] = height + WHOLE_FOR;
  send(turn, from, proposal);
}
