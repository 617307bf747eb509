import type { ChainReader, RoundView } from "../ports/chain.ts";
import type { Content } from "../ports/content.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import { type Hex, sameHex, ZERO_HASH } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import type { Model } from "../protocol/model/model.ts";
import { encodeModel } from "../protocol/model/safetensors.ts";
import { baseModel, openRound } from "./open-round.ts";

export interface FetchedModel {
  /** The round that made the model; 0 for the genesis model. For "base": the open round it is the base of. */
  readonly round: bigint;
  readonly model: Model;
  /** Canonical safetensors. */
  readonly bytes: Uint8Array;
  readonly modelRoot: Hex;
  /** null for the genesis model, which nobody needs to serve. */
  readonly modelCid: Hex | null;
}

/** Which model, and where it is anchored. */
interface Anchor {
  readonly round: bigint;
  readonly baseRoot: Hex;
  readonly baseCid: Hex;
}

/**
 * A model, checked against the chain: of a round that made one, the open round's base, or the head.
 * @throws QuorateError ROUND_WITHOUT_MODEL, NO_OPEN_ROUND, ROUND_UNKNOWN, CONTENT_UNAVAILABLE, MODEL_*
 */
export async function getModel(options: {
  readonly chain: ChainReader;
  readonly content: Content;
  readonly federation: LoadedFederation;
  readonly which: bigint | "base" | "head";
  readonly sha256?: Sha256;
  readonly signal?: AbortSignal;
}): Promise<FetchedModel> {
  const anchor = await anchorOf(options);
  const model = await baseModel(options, anchor);
  const { round, baseRoot: modelRoot, baseCid } = anchor;
  return {
    round,
    model,
    bytes: encodeModel(model),
    modelRoot,
    modelCid: sameHex(baseCid, ZERO_HASH) ? null : baseCid,
  };
}

async function anchorOf(options: Parameters<typeof getModel>[0]): Promise<Anchor> {
  const { chain, which } = options;
  if (which === "base") return openRound(chain);
  if (which === "head") {
    const head = await chain.head();
    return { round: head.round, baseRoot: head.modelRoot, baseCid: head.modelCid };
  }
  return modelOfRound(chain, await chain.round(which));
}

/** The model a round made that is agreed, degraded or ratified: the base of the next round, or the head. */
async function modelOfRound(chain: ChainReader, view: RoundView): Promise<Anchor> {
  const without = () =>
    new QuorateError("ROUND_WITHOUT_MODEL", `round ${view.round} is ${view.status} and made no model`, {
      round: String(view.round),
      status: view.status,
    });
  if (!["agreed", "degraded", "ratified"].includes(view.status)) throw without();
  const won = view.candidates.find(({ id }) => view.winner && sameHex(id, view.winner))?.candidate;
  if (won) return { round: view.round, baseRoot: won.modelRoot, baseCid: won.modelCid };
  const head = await chain.head();
  const after = head.round === view.round ? undefined : await chain.round(view.round + 1n);
  const root = after?.baseRoot ?? head.modelRoot;
  const winner = view.candidates.find(({ candidate }) => sameHex(candidate.modelRoot, root));
  if (!winner) throw without();
  return { round: view.round, baseRoot: root, baseCid: winner.candidate.modelCid };
}
