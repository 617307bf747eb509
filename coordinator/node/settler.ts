import type { Sent } from "../ports/chain.ts";
import type { VoteMessage } from "../ports/transport.ts";
import { isQuorateError } from "../protocol/errors.ts";
import { openRoundOf, type RoundWatch, votersOf } from "./round-watch.ts";
import type { Emit, MinerDeps } from "./types.ts";
import type { VotePool } from "./vote-pool.ts";

/** Sends the transactions that begin and end rounds. That another miner was first is no failure. */
export interface Settler {
  openRound(): Promise<void>;
  freezeSeed(): Promise<void>;
  settle(): Promise<void>;
  failRound(): Promise<void>;
  /** Ends a pause that has lasted as long as it may. */
  resume(): Promise<void>;
}

export function createSettler(
  deps: Pick<MinerDeps, "chain"> & {
    readonly watch: RoundWatch;
    readonly votes: VotePool;
    readonly emit: Emit;
  },
): Settler {
  const { chain, watch, votes, emit } = deps;

  /** Sends; a refusal counts only if the round is still as it was. */
  const unlessOver = async (
    round: bigint | undefined,
    send: () => Promise<Sent>,
  ): Promise<Sent | undefined> => {
    try {
      const sent = await send();
      await watch.refresh();
      return sent;
    } catch (error) {
      if (isQuorateError(error, "RPC_UNREACHABLE")) throw error;
      const { view } = await watch.refresh();
      if (view?.round !== round || (round !== undefined && view?.status !== "open")) return undefined;
      throw error;
    }
  };

  const signedVotes = (): readonly VoteMessage[] => {
    const snapshot = watch.latest()!;
    const view = openRoundOf(snapshot);
    return votersOf(snapshot).flatMap(({ miner }) =>
      view.candidates.flatMap(({ id }) => votes.voteOf(view, miner, id) ?? []),
    );
  };

  const settle = async (): Promise<void> => {
    const { round } = openRoundOf(watch.latest()!);
    const sent = await unlessOver(round, () => chain.settle(round, signedVotes()));
    if (sent)
      emit({ kind: "settled", round: String(round), transaction: sent.hash, gas: String(sent.gasUsed) });
  };

  return {
    async openRound() {
      const before = watch.latest()?.view;
      try {
        await chain.openRound();
      } catch (error) {
        if (isQuorateError(error, "RPC_UNREACHABLE")) throw error;
        const { view } = await watch.refresh();
        if (view?.status === "open" && view.round !== before?.round) return;
        throw error;
      }
      await watch.refresh();
    },
    async resume() {
      try {
        await chain.resume();
      } catch (error) {
        // Governance or another miner was first.
        if (!isQuorateError(error, "NOT_PAUSED")) throw error;
      }
      await watch.refresh();
    },
    async freezeSeed() {
      const { round } = openRoundOf(watch.latest()!);
      await unlessOver(round, () => chain.freezeSeed(round));
    },
    settle,
    async failRound() {
      const view = openRoundOf(watch.latest()!);
      try {
        const sent = await unlessOver(view.round, () => chain.failRound(view.round));
        if (sent) emit({ kind: "failed", round: String(view.round), transaction: sent.hash });
      } catch (error) {
        // The votes on chain may agree a candidate although this miner does not know them all: then it is settled.
        if (view.candidates.length === 0 || isQuorateError(error, "RPC_UNREACHABLE")) throw error;
        await settle();
      }
    },
  };
}
