import { type Hex, sameHex, ZERO_HASH } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { type PayoutRow, payoutTree } from "../incentives/payouts.ts";
import type { Sha256 } from "../model/merkle.ts";
import type { Model, ModelSpec } from "../model/model.ts";
import { modelRoot } from "../model/model-root.ts";
import { parseUpdate } from "../model/safetensors.ts";
import { decodeManifestFile } from "./manifest-file.ts";

/**
 * Reads a federation's model file and checks it against its root.
 * @throws QuorateError MODEL_ROOT_MISMATCH, and the codes of parseUpdate
 */
export function readModel(bytes: Uint8Array, root: Hex, spec: ModelSpec, sha256?: Sha256): Model {
  return checkedRoot(parseUpdate(bytes, spec), root, sha256);
}

/**
 * Like {@link readModel}, whatever the values: a model that is evidence may hold what no update may.
 * @throws QuorateError as readModel, without the codes of values
 */
export function readEvidence(bytes: Uint8Array, root: Hex, spec: ModelSpec, sha256?: Sha256): Model {
  return checkedRoot(parseUpdate(bytes, spec, { anyValue: true }), root, sha256);
}

function checkedRoot(model: Model, root: Hex, sha256?: Sha256): Model {
  const actual = modelRoot(model, sha256);
  if (!sameHex(actual, root))
    throw new QuorateError("MODEL_ROOT_MISMATCH", `the model's root is ${actual}, expected ${root}`, {
      actual,
      expected: root,
    });
  return model;
}

/**
 * The cumulative payouts a manifest file records, checked against the root on chain.
 * @throws QuorateError PAYOUTS_MISMATCH, and the codes of decodeManifestFile
 */
export function readPayouts(manifestBytes: Uint8Array, root: Hex): readonly PayoutRow[] {
  const { payouts } = decodeManifestFile(manifestBytes);
  const actual = payoutTree(payouts).root;
  if (!sameHex(actual, root))
    throw new QuorateError(
      "PAYOUTS_MISMATCH",
      `the manifest's payouts have root ${actual}, expected ${root}`,
      {
        actual,
        expected: root,
      },
    );
  return payouts;
}

/** A candidate as far as {@link payoutManifest} needs it. */
interface Anchored {
  readonly candidate: { readonly modelRoot: Hex; readonly payoutsRoot: Hex; readonly manifestCid: Hex };
}

/**
 * Digests of the manifests that may hold the payouts behind `payoutsRoot`: those of the last agreed round's candidates
 * with this model and these payouts. Empty if nobody was ever paid.
 */
export function payoutManifests(
  candidates: readonly Anchored[],
  { modelRoot: head, payoutsRoot }: { readonly modelRoot: Hex; readonly payoutsRoot: Hex },
): readonly Hex[] {
  if (sameHex(payoutsRoot, ZERO_HASH)) return [];
  return candidates
    .map(({ candidate }) => candidate)
    .filter((candidate) => sameHex(candidate.modelRoot, head) && sameHex(candidate.payoutsRoot, payoutsRoot))
    .map((candidate) => candidate.manifestCid);
}
