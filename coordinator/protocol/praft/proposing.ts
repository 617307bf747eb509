import { ZERO_HASH } from "../bytes.ts";
import { payloadRoot } from "./bundle-hashes.ts";
import { choose } from "./bundles.ts";
import { compareRank, largestRank } from "./certificates.ts";
import { askForBlocks, chainTo } from "./commit.ts";
import { committeeOf } from "./config.ts";
import { hashBlock } from "./encode.ts";
import { nextOf } from "./joining.ts";
import type { Proposal } from "./messages.ts";
import { announceProposal } from "./outlines.ts";
import { currentLeader, persist, type State, signs, type Turn } from "./state.ts";
import { proposeDigest } from "./statements.ts";
import type { Block, FullBlock, Payload } from "./types.ts";

/** If it is this member's turn and there is something to order or to commit, proposes the next block. */
export function tryPropose(turn: Turn): void {
  const { s } = turn;
  if (!signs(s) || currentLeader(s, s.view) !== s.self || s.lastTimeoutView >= s.view) return;
  const rank = { view: s.view, height: s.highQc.height + 1 };
  if (compareRank(rank, s.lastProposed) <= 0 || !mayStart(s)) return;
  const chain = chainTo(s, s.highQc.blockHash);
  if (!chain) {
    askForBlocks(turn, s.self);
    return;
  }
  const payload = payloadFor(turn, chain);
  if (payload.bundles.length === 0 && !payload.nextConfig && !hasTail(chain)) return;
  propose(turn, payload, chain);
}

/** The parent is certified in this view, or this is the view's first block, and starts where weight Q left off. */
function mayStart(s: State): boolean {
  if (s.highQc.view === s.view) return true;
  if (s.lastProposed.view === s.view) return false;
  if (s.view === 1) return s.highQc.view === 0;
  return s.tc?.view === s.view - 1 && compareRank(s.highQc, largestRank(s.tc)) >= 0;
}

function payloadFor(turn: Turn, chain: readonly FullBlock[]): Payload {
  if (chain.some(({ block }) => block.nextConfigHash !== ZERO_HASH)) return { bundles: [] };
  const bundles = choose(turn.s, chain, turn.env.limits);
  const next = nextOf(turn);
  return next ? { bundles, nextConfig: next.config } : { bundles };
}

/** Something uncommitted is worth an empty block on top of it. */
export function hasTail(chain: readonly FullBlock[]): boolean {
  return chain.some(({ block, payload }) => payload.bundles.length > 0 || block.nextConfigHash !== ZERO_HASH);
}

function propose(turn: Turn, payload: Payload, chain: readonly FullBlock[]): void {
  const { s, env, now } = turn;
  const parentTime = chain.at(-1)?.block.time ?? s.committed.time;
  const block: Block = {
    groupId: s.committee.groupId,
    epoch: s.committee.epoch,
    view: s.view,
    height: s.highQc.height + 1,
    justify: s.highQc,
    opsRoot: payloadRoot(payload, env.sha256),
    stateHeight: s.committed.height,
    stateRoot: s.roots.get(s.committed.height)!,
    time: Math.max(parentTime, now),
    nextConfigHash: payload.nextConfig ? committeeOf(payload.nextConfig).hash : ZERO_HASH,
    ...(s.highQc.view !== s.view && s.tc && { tc: s.tc }),
  };
  const hash = hashBlock(block);
  const signature = env.scheme.sign(env.secretKey, proposeDigest(s.committee, block, hash));
  const proposal: Proposal = {
    kind: "propose",
    block,
    payload,
    hash,
    signer: s.self,
    signature,
    ...(payload.nextConfig && { ready: nextOf(turn)?.ready ?? [] }),
  };
  s.lastProposed = { view: block.view, height: block.height };
  s.lastProposal = proposal;
  s.blocks.set(hash, { block, payload, hash });
  persist(turn, proposal);
  announceProposal(turn, proposal);
}
