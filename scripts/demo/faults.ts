import type { MinerDeps } from "../../coordinator/node/types.ts";
import type { Evaluator } from "../../coordinator/ports/learning.ts";
import { sameHex } from "../../coordinator/protocol/bytes.ts";
import type { Aggregator } from "../../coordinator/protocol/round/recompute.ts";

/** The weight that is wrong. */
export const WRONG_COORDINATE = 4_321;

/** What a faulty miner does differently; all else is the honest node. */
export const FAULTS = {
  /** Turns over mantissa bit 12 of one weight of every aggregate. */
  "wrong-aggregate": (deps) => ({ ...deps, aggregator: flipBit(deps.aggregator!, 12) }),
  /** Turns over the lowest bit of it. */
  "wrong-lowest-bit": (deps) => ({ ...deps, aggregator: flipBit(deps.aggregator!, 0) }),
  /** Counts one correct answer more than there is: whatever others score, it votes no. */
  "always-no": (deps) => ({ ...deps, evaluator: overcount(deps.evaluator!) }),
  /** Settles with its own votes alone. */
  "omits-votes": (deps) => ({ ...deps, chain: { ...deps.chain, settle: settleAlone(deps) } }),
} as const satisfies Record<string, (deps: MinerDeps) => MinerDeps>;

export type Fault = keyof typeof FAULTS;

/** The engine's result with one bit of one weight turned over. */
function flipBit(engine: Aggregator, bit: number): Aggregator {
  return async (...args) => {
    const result = await engine(...args);
    const floats = result.floats.slice();
    new Uint32Array(floats.buffer)[WRONG_COORDINATE]! ^= 1 << bit;
    return { ...result, floats };
  };
}

function overcount(evaluator: Evaluator): Evaluator {
  return {
    ...evaluator,
    async coalitionScores(...args) {
      const scores = await evaluator.coalitionScores(...args);
      return scores.map((score, coalition) => (coalition === scores.length - 1 ? score + 1 : score));
    },
    score: async (...args) => (await evaluator.score(...args)) + 1,
  };
}

function settleAlone({ chain, config }: MinerDeps): MinerDeps["chain"]["settle"] {
  return (round, votes) =>
    chain.settle(
      round,
      votes.filter(({ miner }) => sameHex(miner, config.miner)),
    );
}
