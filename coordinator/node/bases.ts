import type { RoundView } from "../ports/chain.ts";
import { type Hex, sameHex, ZERO_HASH } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { PayoutRow } from "../protocol/incentives/payouts.ts";
import type { Model } from "../protocol/model/model.ts";
import { MANIFEST_MAX_BYTES } from "../protocol/round/manifest-file.ts";
import { payoutManifests, readModel, readPayouts } from "../protocol/round/stored-files.ts";
import type { MinerDeps } from "./types.ts";

/** What an open round builds on: base model and cumulative payouts, both checked against the chain. */
export interface Bases {
  /** @throws QuorateError CONTENT_UNAVAILABLE, MODEL_* */
  model(view: RoundView, signal: AbortSignal): Promise<Model>;
  /** @throws QuorateError CONTENT_UNAVAILABLE, PAYOUTS_MISMATCH, PAYOUTS_UNKNOWN */
  payouts(view: RoundView, signal: AbortSignal): Promise<readonly PayoutRow[]>;
}

/** Keeps the newest of each: the next round needs another. */
export function createBases(deps: Pick<MinerDeps, "chain" | "content" | "federation" | "sha256">): Bases {
  const { chain, content, federation, sha256 } = deps;
  let base: { readonly root: Hex; readonly model: Model } | undefined;
  let paid: { readonly root: Hex; readonly rows: readonly PayoutRow[] } | undefined;

  return {
    async model(view, signal) {
      if (sameHex(view.baseRoot, federation.federation.genesisRoot)) return federation.genesis;
      if (!base || !sameHex(base.root, view.baseRoot)) {
        const bytes = await content.get(view.baseCid, { maxBytes: federation.modelBytes, signal });
        base = { root: view.baseRoot, model: readModel(bytes, view.baseRoot, federation.genesis, sha256) };
      }
      return base.model;
    },
    async payouts(view, signal) {
      if (sameHex(view.payoutsRoot, ZERO_HASH)) return [];
      if (!paid || !sameHex(paid.root, view.payoutsRoot)) {
        // The base may be the model of a degraded round, which pays nobody: the payouts are those of the last agreed one.
        const round = view.payoutsRound ?? (await chain.head()).round;
        const { candidates, winner } = await chain.round(round);
        const won = candidates.find(({ id }) => winner && sameHex(id, winner));
        // One that lost may carry the same model and payouts, and name any file as its manifest.
        const winnerFirst = [...(won ? [won] : []), ...candidates.filter((posted) => posted !== won)];
        const [digest] = payoutManifests(winnerFirst, {
          modelRoot: won?.candidate.modelRoot ?? view.baseRoot,
          payoutsRoot: view.payoutsRoot,
        });
        if (!digest)
          throw new QuorateError(
            "PAYOUTS_UNKNOWN",
            `no candidate of round ${round} carries the payouts ${view.payoutsRoot}`,
            { round: String(round), payoutsRoot: view.payoutsRoot },
          );
        const bytes = await content.get(digest, { maxBytes: MANIFEST_MAX_BYTES, signal });
        paid = { root: view.payoutsRoot, rows: readPayouts(bytes, view.payoutsRoot) };
      }
      return paid.rows;
    },
  };
}
