import type { ChainParameters } from "../ports/chain.ts";

/**
 * How long a node waits for others, in milliseconds. All are shares of the federation's windows, so that the same node
 * serves a demo with slots of seconds and a federation with slots of half an hour.
 */
export interface NodeTimings {
  /** Between miners that would all send the same transaction. */
  readonly staggerMs: number;
  /** For votes still missing when a settlement is already possible. */
  readonly stragglersMs: number;
  /** The primary, for the secondary's inventory. */
  readonly inventoryMs: number;
  /** The secondary, for a primary that does not answer. */
  readonly silenceMs: number;
  /** A proposer, for its partner's signature under the same candidate. */
  readonly partnerMs: number;
  /** For the files of updates others hold. */
  readonly fetchMs: number;
  /** A voter, for files nobody serves, before it says no. */
  readonly withheldMs: number;
}

export function timingsOf(
  { proposeSlot, voteWindow }: Pick<ChainParameters, "proposeSlot" | "voteWindow">,
  chosen: Partial<NodeTimings> = {},
): NodeTimings {
  const slot = proposeSlot * 1_000;
  const votes = voteWindow * 1_000;
  return {
    staggerMs: Math.min(30_000, slot / 8),
    stragglersMs: Math.min(60_000, votes / 4),
    inventoryMs: slot / 5,
    silenceMs: (slot * 3) / 10,
    partnerMs: (slot * 4) / 10,
    fetchMs: slot / 5,
    withheldMs: votes / 2,
    ...chosen,
  };
}
