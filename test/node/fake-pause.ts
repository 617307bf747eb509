import type { FakeChain } from "./fake-chain.ts";
import { revert } from "./fake-state.ts";

/** Holds everything; `seconds` from now on anyone may end it. */
export function hold(chain: FakeChain, seconds: number): void {
  chain.pause = { since: chain.time(), until: chain.time() + seconds };
}

/** As anyone may. */
export function resume(chain: FakeChain): void {
  if (!chain.pause) throw revert("NotPaused");
  if (chain.time() < chain.pause.until) throw revert("AccessManagedUnauthorized");
  release(chain);
}

/** As governance does: everything in the open round is later by the pause. */
export function release(chain: FakeChain): void {
  const length = chain.time() - chain.pause!.since;
  chain.pause = null;
  chain.block++;
  const view = chain.current();
  if (view?.status !== "open") return;
  for (const end of ["collectMinUntil", "collectMaxUntil", "proposeUntil"] as const) view[end] += length;
  if (view.voteUntil !== null) view.voteUntil += length;
  if (view.graceUntil !== null) view.graceUntil += length;
}
