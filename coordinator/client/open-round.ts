import type { ChainReader, RoundView } from "../ports/chain.ts";
import type { Content } from "../ports/content.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import { sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import type { Model } from "../protocol/model/model.ts";
import { readModel } from "../protocol/round/stored-files.ts";

/** The open round. @throws QuorateError NO_OPEN_ROUND */
export async function openRound(chain: ChainReader): Promise<RoundView> {
  const view = await chain.currentRound();
  if (view?.status === "open") return view;
  throw new QuorateError(
    "NO_OPEN_ROUND",
    view
      ? `round ${view.round} is ${view.status} and the next is not open yet: try again in a moment`
      : "no round was opened yet: two active miners and a funded pot are needed",
    { last: view ? String(view.round) : null },
  );
}

/** The model a round starts from, checked against its root. @throws QuorateError CONTENT_UNAVAILABLE, MODEL_* */
export async function baseModel(
  deps: {
    readonly content: Content;
    readonly federation: LoadedFederation;
    readonly sha256?: Sha256 | undefined;
    readonly signal?: AbortSignal | undefined;
  },
  view: Pick<RoundView, "baseRoot" | "baseCid">,
): Promise<Model> {
  const { content, federation, sha256, signal } = deps;
  const { genesis, modelBytes } = federation;
  if (sameHex(view.baseRoot, federation.federation.genesisRoot)) return genesis;
  const bytes = await content.get(view.baseCid, { maxBytes: modelBytes, ...(signal && { signal }) });
  return readModel(bytes, view.baseRoot, genesis, sha256);
}
