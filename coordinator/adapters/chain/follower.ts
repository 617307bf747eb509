import type { BlockTime } from "../../ports/chain.ts";
import type { Hex } from "../../protocol/bytes.ts";
import type { ChainEvent } from "../../protocol/views/events.ts";
import { EMPTY_VIEW, type FederationView } from "../../protocol/views/federation-view.ts";
import { foldEvents, forgetRounds } from "../../protocol/views/fold.ts";
import type { LogReader } from "./logs.ts";

/** Blocks that may still be replaced; they are read again at each new head. */
const REORG_DEPTH = 32;

/** Folds the chain's events into a view that follows the head, through reorganisations and restarts of the chain. */
export interface Follower {
  /** The view as of `head`, the newest block. */
  view(head: BlockTime): Promise<FederationView>;
}

interface Parts {
  readonly logs: LogReader;
  /** Hash of the block with this number; undefined if there is none. */
  readonly blockHash: (block: number) => Promise<Hex | undefined>;
  readonly deployBlock: number;
  /** Older rounds are forgotten, so that a process that runs for years fits memory. */
  readonly keepRounds: number;
}

/** A view that no reorganisation is expected to change, as of the end of `block`. */
interface Anchor {
  readonly view: FederationView;
  readonly block: number;
  /** undefined before the first block. */
  readonly hash: Hex | undefined;
}

export function createFollower(parts: Parts): Follower {
  const start: Anchor = { view: EMPTY_VIEW, block: parts.deployBlock - 1, hash: undefined };
  let anchor = start;
  let newest: { readonly hash: Hex; readonly view: FederationView } | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  const follow = async (head: BlockTime): Promise<FederationView> => {
    if (newest?.hash === head.hash) return newest.view;
    if (!(await stillThere(parts, anchor, head))) anchor = start;
    const settled = nextAnchorBlock(anchor, head);
    let settledView = anchor.view;
    const recent: ChainEvent[] = [];
    for await (const events of parts.logs.read(anchor.block + 1, head.number)) {
      const old = events.filter((event) => event.block <= settled);
      if (old.length > 0) settledView = forgetRounds(foldEvents(settledView, old), parts.keepRounds);
      recent.push(...events.slice(old.length));
    }
    if (settled > anchor.block)
      anchor = { view: settledView, block: settled, hash: await parts.blockHash(settled) };
    newest = { hash: head.hash, view: foldEvents(settledView, recent) };
    return newest.view;
  };

  return {
    view(head) {
      // One at a time: the second caller finds what the first one read.
      const next = queue.then(() => follow(head));
      queue = next.catch(() => undefined);
      return next;
    },
  };
}

/** False if the chain was reorganised or restarted below the anchor. */
async function stillThere(parts: Parts, anchor: Anchor, head: BlockTime): Promise<boolean> {
  if (anchor.hash === undefined) return true;
  if (head.number < anchor.block) return false;
  return (await parts.blockHash(anchor.block)) === anchor.hash;
}

/** The anchor moves in strides, so that most heads cost one read of its hash and one of the logs. */
function nextAnchorBlock(anchor: Anchor, head: BlockTime): number {
  const deepest = head.number - REORG_DEPTH;
  return deepest >= anchor.block + REORG_DEPTH ? deepest : anchor.block;
}
