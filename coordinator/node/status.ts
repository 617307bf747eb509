import type { RoundView } from "../ports/chain.ts";
import type { Hex } from "../protocol/bytes.ts";
import { candidateId } from "../protocol/round/messages.ts";
import type { Place } from "./progress.ts";
import type { RoundWatch } from "./round-watch.ts";
import type { SigningRoom } from "./signing.ts";
import type { MinerPhase, MinerStatus } from "./types.ts";
import { countable, type UpdatePool } from "./update-pool.ts";
import type { VotePool } from "./vote-pool.ts";

/** The parts of a miner that know how far its round is. */
export interface MinerState {
  readonly watch: RoundWatch;
  readonly signing: SigningRoom;
  readonly pool: UpdatePool;
  readonly votes: VotePool;
}

/** The round by the newest reading, and its phase as this miner lives it. */
export function placeOf({ watch, signing }: Pick<MinerState, "watch" | "signing">): Place {
  const view = watch.latest()?.view;
  if (!view) return { round: null, phase: "idle" };
  return { round: String(view.round), phase: phaseOf(view, signing) };
}

function phaseOf(view: RoundView, signing: SigningRoom): MinerPhase {
  if (view.status !== "open") return "ended";
  if (view.candidates.length > 0) return "vote";
  return signing.signedCandidate(view) || signing.signedManifest(view) ? "propose" : "collect";
}

export function statusOf(
  miner: Hex,
  state: MinerState,
  health: Pick<MinerStatus, "running" | "rpc" | "lastError">,
): MinerStatus {
  const { watch, signing, pool, votes } = state;
  const view = watch.latest()?.view;
  const own = view && signing.signedCandidate(view);
  return {
    miner,
    ...placeOf(state),
    pausedSince: watch.latest()?.pause?.since ?? null,
    updates: view ? countable(pool.list(view)) : 0,
    candidates: view?.candidates.length ?? 0,
    ownCandidate: own ? candidateId(own.message) : null,
    votes: view ? votes.list(view.round).length : 0,
    ...health,
  };
}
