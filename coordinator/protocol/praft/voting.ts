import { sha256 } from "@noble/hashes/sha2.js";
import { toHex, ZERO_HASH } from "../bytes.ts";
import { isQuorateError } from "../errors.ts";
import { payloadRoot } from "./bundle-hashes.ts";
import { arePayloadBundles, withPending } from "./bundles.ts";
import {
  certify,
  compareRank,
  isQuorumCertificate,
  isTimeoutCertificate,
  largestRank,
} from "./certificates.ts";
import { askForBlocks, chainTo, enterView, isCertified, isHeld, learnQc } from "./commit.ts";
import { committeeOf, weightOf } from "./config.ts";
import { proposalSigned, proposalsConflict, voteSigned, votesConflict } from "./evidence.ts";
import { isNext } from "./joining.ts";
import type { Outline, Proposal, Proposed, Vote } from "./messages.ts";
import { hold, holdOutline, wholeOf } from "./outlines.ts";
import { currentLeader, memberId, persist, type State, send, signs, type Turn } from "./state.ts";
import { voteDigest } from "./statements.ts";
import type { FullBlock, QuorumCertificate, TimeoutCertificate } from "./types.ts";

/** Learns what a proposal proves, then votes for it if every rule allows. */
export function onProposal(turn: Turn, proposal: Proposal | Outline): void {
  const { s, env } = turn;
  const { block } = proposal;
  if (s.lastVote?.blockHash === proposal.hash) {
    // It is sent again because the vote was lost, or whole beside its outline.
    send(turn, memberId(s, currentLeader(s, s.view)), s.lastVote);
    return;
  }
  if (block.groupId !== s.committee.groupId || !proposalSigned(env.scheme, s.committee, proposal)) return;
  noteProposal(turn, proposal);
  if (block.tc && !learnTc(turn, block.tc)) return;
  if (!isCertified(turn, block.justify) || compareRank(block.justify, block) >= 0) return;
  learnQc(turn, block.justify);
  if (s.committee.epoch === block.epoch && mayVote(s, proposal)) consider(turn, proposal);
}

/** What waits for blocks below it or for bundles is looked at again; its signatures were checked when it came. */
export function retryHeld(turn: Turn): void {
  const { s } = turn;
  for (const { message, wantAt } of s.held.splice(0)) {
    // The blocks it commits may not have been here when it came.
    learnQc(turn, message.block.justify);
    const { epoch, height } = message.block;
    const isOpen = epoch === s.committee.epoch && height > s.committed.height;
    if (isOpen && mayVote(s, message)) consider(turn, message, wantAt);
    if (s.highQc.blockHash === message.hash) learnQc(turn, s.highQc);
  }
}

/**
 * Votes if the block fits what is below it, and its signer leads. Without what is below it waits, for who lags may not know yet
 * who is skipped; and its payload is not looked at: who lags would check the signatures of a whole block for each message that
 * comes, and lag for ever.
 */
function consider(turn: Turn, message: Proposal | Outline, wantAt?: number): void {
  const { s } = turn;
  const chain = chainTo(s, message.block.justify.blockHash);
  if (!chain || message.block.stateHeight > s.committed.height) {
    hold(s, { message });
    if (!isHeld(s, message.block.justify.blockHash)) askForBlocks(turn, message.signer);
    return;
  }
  if (message.signer !== currentLeader(s, s.view)) return;
  const own =
    message.kind === "outline"
      ? wholeOf(turn, message)
      : { ...message, payload: withPending(turn, message.payload) };
  if (!own) holdOutline(turn, message as Outline, wantAt);
  else if (isPayload(turn, own) && fits(turn, own, chain)) vote(turn, own);
}

/** A valid timeout certificate takes a member into the next view. */
export function learnTc(turn: Turn, tc: TimeoutCertificate): boolean {
  const { s, env } = turn;
  if (tc === s.tc) return true;
  if (!isTimeoutCertificate(env.scheme, s.committee, tc) || !isCertified(turn, tc.highQc)) return false;
  learnQc(turn, tc.highQc);
  if (tc.view >= s.view && tc.epoch === s.committee.epoch) {
    s.failedViews++;
    // Durable with what is said in the new view: after a restart it is the only help for members still in the old one.
    persist(turn, { kind: "enter", tc });
    enterView(turn, tc.view + 1, tc);
  }
  return true;
}

/**
 * The vote rule. In the view of its parent's certificate a block only has to come next; any other block has to be this
 * member's **first** vote in the view, with proof that the last view was given up, from no lower than weight Q reported.
 */
export function mayVote(s: State, { block }: Pick<Proposal, "block">): boolean {
  const { tc, justify, view, height } = block;
  if (!signs(s) || view !== s.view) return false;
  if (compareRank(block, s.lastVoted) <= 0 || view <= s.lastTimeoutView) return false;
  if (height !== justify.height + 1) return false;
  if (justify.view === view) return tc === undefined;
  if (s.lastVoted.view >= view) return false;
  if (view === 1) return justify.view === 0;
  return tc !== undefined && tc.view === view - 1 && compareRank(justify, largestRank(tc)) >= 0;
}

/** Size, bundle signatures and roots; a certified block's payload is what its hash says or it is not that block's. */
export function isPayload(turn: Turn, full: FullBlock): boolean {
  return bindsPayload(turn.env, full) && arePayloadBundles(turn, full.payload);
}

export function bindsPayload({ sha256 }: Turn["env"], { block, payload }: FullBlock): boolean {
  const { nextConfig } = payload;
  if (payloadRoot(payload, sha256) !== block.opsRoot) return false;
  if (!nextConfig) return block.nextConfigHash === ZERO_HASH;
  return nextConfig.epoch === block.epoch + 1 && hashConfig(nextConfig) === block.nextConfigHash;
}

function hashConfig(config: NonNullable<FullBlock["payload"]["nextConfig"]>): string {
  try {
    return committeeOf(config).hash;
  } catch {
    return toHex(sha256(new Uint8Array()));
  }
}

/** Agrees with what is committed here and with what comes between: time, state, and nothing but empty blocks after a close. */
function fits(turn: Turn, proposal: Proposal, chain: readonly FullBlock[]): boolean {
  const { s } = turn;
  const { block, payload } = proposal;
  const parent = chain.at(-1)?.block ?? s.committed;
  if (block.time < parent.time) return false;
  if (s.roots.get(block.stateHeight) !== block.stateRoot) return false;
  const closing = chain.some((each) => each.block.nextConfigHash !== ZERO_HASH);
  if (closing) return payload.bundles.length === 0 && !payload.nextConfig;
  return !payload.nextConfig || isNext(turn, proposal);
}

/** Durable before it is sent: the block, its parent's certificate in it, and the vote itself. */
function vote(turn: Turn, { block, payload, hash, signer }: Proposal): void {
  const { s, env, now } = turn;
  const full = { block, payload, hash };
  s.blocks.set(hash, full);
  s.lastVoted = { view: block.view, height: block.height };
  const signature = env.scheme.sign(env.secretKey, voteDigest(s.committee, block, hash));
  const { epoch } = s.committee;
  const mine: Vote = { kind: "vote", epoch, ...s.lastVoted, blockHash: hash, signer: s.self, signature };
  s.lastVote = mine;
  s.votedAt = now;
  // The own proposal is in the log already.
  if (s.lastProposal?.hash !== hash) persist(turn, { kind: "sync-reply", blocks: [full], qc: block.justify });
  persist(turn, mine);
  send(turn, memberId(s, signer), mine);
}

/**
 * The leader counts weight, and makes a certificate of Q. Signatures are checked together, in the certificate: only their
 * signer brings a vote, so that a false one takes nobody's place, and who brought one is checked alone from then on.
 */
export function onVote(turn: Turn, from: string, vote: Vote): void {
  const { s, env, out } = turn;
  if (vote.epoch !== s.committee.epoch || s.committee.members[vote.signer]?.id !== from) return;
  const isSigned = (each: Vote) => voteSigned(env.scheme, s.committee, each);
  if (s.doubted.has(vote.signer) && !isSigned(vote)) return;
  const before = s.votes[vote.signer];
  if (before && votesConflict(before, vote) && isSigned(before) && isSigned(vote)) {
    out.push({ kind: "evidence", evidence: { kind: "vote", first: before, second: vote } });
    return;
  }
  if (before && compareRank(before, vote) >= 0) return;
  s.votes[vote.signer] = vote;
  if (compareRank(vote, s.highQc) > 0) tryCertify(turn, vote);
}

function tryCertify(turn: Turn, vote: Vote): void {
  const { s, env } = turn;
  const same = s.votes.filter(
    (each) => each?.blockHash === vote.blockHash && compareRank(each, vote) === 0,
  ) as Vote[];
  const signers = same.map(({ signer }) => signer);
  if (weightOf(s.committee, signers) < s.committee.quorum) return;
  const qc = certificateOf(turn, same);
  if (qc) {
    learnQc(turn, qc);
    turn.certified = qc;
    return;
  }
  const wrong = same.filter((each) => !voteSigned(env.scheme, s.committee, each));
  for (const { signer } of wrong) {
    s.votes[signer] = undefined;
    s.doubted.add(signer);
  }
  if (wrong.length > 0) tryCertify(turn, vote);
}

/** Undefined if a signature in it is false, or none at all. */
function certificateOf({ s, env }: Turn, votes: readonly Vote[]): QuorumCertificate | undefined {
  try {
    const qc = certify(env.scheme, votes);
    return isQuorumCertificate(env.scheme, s.committee, qc) ? qc : undefined;
  } catch (error) {
    if (!isQuorateError(error, "SIGNATURE_MALFORMED")) throw error;
    return undefined;
  }
}

/** Tells all of a certificate that no proposal carries to them in the same step. */
export function tellCertified(turn: Turn): void {
  const { certified, s } = turn;
  if (certified && s.lastProposal?.block.justify !== certified)
    send(turn, "all", { kind: "sync-reply", blocks: [], qc: certified });
}

function noteProposal({ s, out }: Turn, proposal: Proposed): void {
  const before = s.proposals[proposal.signer];
  if (before && proposalsConflict(before, proposal)) {
    out.push({ kind: "evidence", evidence: { kind: "propose", first: before, second: proposal } });
  } else if (!before || compareRank(proposal.block, before.block) > 0)
    s.proposals[proposal.signer] = proposal;
}
