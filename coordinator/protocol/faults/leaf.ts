import { abiWords, fromHex, type Hex, keccak } from "../bytes.ts";
import { LEAF_FLOATS, leafCount, type Sha256 } from "../model/merkle.ts";
import type { Model } from "../model/model.ts";
import { MODEL_INDEX } from "../views/dispute-records.ts";
import { openedModel } from "./proof.ts";

/** A request to show a leaf as the contract takes it; see IFaultProofs.LeafRequest. */
export interface LeafRequest {
  readonly round: bigint;
  readonly candidate: Hex;
  readonly index: bigint;
  readonly leaf: bigint;
  readonly modelRoot: Hex;
}

/** @param about.index place in the manifest; null for the candidate's own model */
export function leafRequest(
  candidate: Hex,
  about: {
    readonly round: bigint;
    readonly index: number | null;
    readonly leaf: number;
    readonly modelRoot: Hex;
  },
): LeafRequest {
  const { round, index, leaf, modelRoot } = about;
  return {
    round,
    candidate,
    index: index === null ? MODEL_INDEX : BigInt(index),
    leaf: BigInt(leaf),
    modelRoot,
  };
}

/** Under which the contract keeps a request. */
export function leafRequestId({ round, candidate, index, leaf, modelRoot }: LeafRequest): Hex {
  return keccak(abiWords([round, candidate, index, leaf, modelRoot]));
}

/**
 * What answers a request: header hash, hash of the non-float bytes, leaf, siblings.
 * @throws QuorateError MODEL_LEAF_INDEX if there is no such leaf
 */
export function leafOpening(model: Model, leaf: number, sha256?: Sha256): Hex {
  return openedModel(model, leaf * LEAF_FLOATS, sha256);
}

/**
 * Which leaf to ask for: whoever withholds data can't know which before it is asked. After an answer another one comes.
 * @param asked requests about this candidate so far
 */
export function leafToAsk(about: {
  readonly candidate: Hex;
  readonly asker: Hex;
  readonly asked: number;
  readonly dimension: number;
}): number {
  const { candidate, asker, asked, dimension } = about;
  const digest = fromHex(keccak(abiWords([candidate, asker, BigInt(asked)])));
  return Number(
    new DataView(digest.buffer, digest.byteOffset).getBigUint64(0) % BigInt(leafCount(dimension)),
  );
}
