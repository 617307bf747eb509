import type { ChainParameters, RoundView } from "../ports/chain.ts";
import type { Hex } from "../protocol/bytes.ts";
import { type RoundResult, recompute } from "../protocol/round/recompute.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "../protocol/round/references.ts";
import { readModel } from "../protocol/round/stored-files.ts";
import type { Bases } from "./bases.ts";
import { roundName } from "./round-watch.ts";
import type { MinerDeps } from "./types.ts";

/** A round has at most three candidates, so at most so many different lists of updates are worth keeping. */
const RESULTS_HELD = 3;

/** Results of the open round by list of updates; each is computed once, whoever asks for it. */
export interface Results {
  /** `updates` in canonical order, their models within reach of the content port. Pins model and manifest. */
  of(round: ResultRound, updates: readonly SignedUpdate[], signal: AbortSignal): Promise<RoundResult>;
}

export interface ResultRound {
  readonly view: RoundView;
  readonly parameters: ChainParameters;
}

export function createResults(
  deps: Pick<MinerDeps, "store" | "content" | "evaluator" | "aggregator" | "federation" | "sha256"> & {
    readonly bases: Bases;
  },
): Results {
  const held = new Map<string, Promise<RoundResult>>();

  const compute = async (
    { view, parameters }: ResultRound,
    updates: readonly SignedUpdate[],
    signal: AbortSignal,
  ): Promise<RoundResult> => {
    const { content, store, evaluator, aggregator, federation, sha256, bases } = deps;
    const [base, previousPayouts] = await Promise.all([
      bases.model(view, signal),
      bases.payouts(view, signal),
    ]);
    const models = await Promise.all(
      updates.map(async (signed) => {
        const { modelCid, modelRoot } = signed.update;
        const bytes = await content.get(modelCid, { maxBytes: federation.modelBytes, signal });
        return { signed, model: readModel(bytes, modelRoot, federation.genesis, sha256) };
      }),
    );
    const result = await recompute({
      round: view.round,
      openingHash: view.openingHash,
      baseRoot: view.baseRoot,
      base,
      rule: federation.task.rule,
      updates: models,
      previousPayouts,
      budget: view.roundBudget ?? parameters.roundBudget,
      ...(evaluator && { scorer: evaluator }),
      ...(aggregator && { aggregator }),
      digest: (bytes) => store.digest(bytes),
      ...(sha256 && { sha256 }),
    });
    await Promise.all([store.add(result.modelBytes), store.add(result.manifestBytes)]);
    return result;
  };

  return {
    of(round, updates, signal) {
      const key = `${roundName(round.view)}:${hashOf(updates)}`;
      const known = held.get(key);
      if (known) return known;
      const result = compute(round, updates, signal);
      held.set(key, result);
      // A failure (a file that was not there, a stopped evaluator) may pass: the next one who asks tries again.
      result.catch(() => held.get(key) === result && held.delete(key));
      while (held.size > RESULTS_HELD) held.delete(held.keys().next().value!);
      return result;
    },
  };
}

/** updatesHash of a list of signed updates in canonical order. */
export function hashOf(updates: readonly SignedUpdate[]): Hex {
  return updatesHash(updates.map(referenceOf));
}
