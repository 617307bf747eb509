import { concatBytes } from "@noble/hashes/utils.js";
import { fromHex, type Hex, toHex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { LEAF_BYTES, LEAF_FLOATS, openLeaf, type Sha256, treeDepth } from "../model/merkle.ts";
import type { Model } from "../model/model.ts";
import { modelHashes, modelRootOfOpening } from "../model/model-root.ts";
import type { UpdateReference } from "../round/references.ts";
import { bitsOf } from "./find.ts";
import { judge, type ProvableRule, sortingOrder, type Verdict } from "./judge.ts";

/** What `FaultProofs.proveAggregate` takes besides the claim; see IFaultProofs.AggregateProof. */
export interface ColumnProof {
  readonly coordinate: number;
  readonly references: readonly UpdateReference[];
  /** Two bytes per rank, lowest value first; empty for FedAvg. */
  readonly order: Hex;
  /**
   * Of the claimed model, then of the updates: header hash, hash of the non-float bytes, leaf, siblings. The two hashes
   * stand once at the beginning if they are the same for all.
   */
  readonly openings: Hex;
}

const HASHES = 64;

/** Bytes of a leaf and its siblings. */
function pathLength(dimension: number): number {
  return LEAF_BYTES + 32 * treeDepth(dimension);
}

/**
 * Opens one coordinate of the claimed model and of every update.
 * @param models in the order of `references`
 * @throws QuorateError MODEL_LEAF_INDEX if there is no such coordinate
 */
export function buildColumnProof(
  coordinate: number,
  {
    claimed,
    models,
    references,
    rule,
  }: {
    readonly claimed: Model;
    readonly models: readonly Model[];
    readonly references: readonly UpdateReference[];
    readonly rule: ProvableRule;
  },
  sha256?: Sha256,
): ColumnProof {
  const opened = [claimed, ...models].map((model) => openModel(model, coordinate, sha256));
  const first = opened[0]?.hashes ?? new Uint8Array();
  const alike = opened.every(({ hashes }) => toHex(hashes) === toHex(first));
  const parts = opened.map(({ hashes, path }) => (alike ? path : concatBytes(hashes, path)));
  const column = models.map(({ floats }) => bitsOf(floats)[coordinate] as number);
  const ranks = rule.kind === "fedavg" ? [] : sortingOrder(column);
  const order = Uint8Array.from(ranks.flatMap((k) => [k >> 8, k & 255]));
  return {
    coordinate,
    references,
    order: toHex(order),
    openings: toHex(concatBytes(...(alike ? [first] : []), ...parts)),
  };
}

/** One coordinate of one model: header hash, hash of the non-float bytes, leaf, siblings. */
export function openedModel(model: Model, coordinate: number, sha256?: Sha256): Hex {
  const { hashes, path } = openModel(model, coordinate, sha256);
  return toHex(concatBytes(hashes, path));
}

function openModel(model: Model, coordinate: number, sha256?: Sha256) {
  const { headerHash, nonFloatHash } = modelHashes(model, sha256);
  const { leaf, proof } = openLeaf(model.floats, Math.floor(coordinate / LEAF_FLOATS), sha256);
  return {
    hashes: concatBytes(headerHash, nonFloatHash),
    path: concatBytes(leaf, ...proof),
  };
}

/**
 * What the contract will say to a proof.
 * @param claimedRoot model root of the contested candidate
 * @param dimension the round's
 * @throws QuorateError FAULT_COORDINATE, FAULT_OPENINGS_LENGTH, FAULT_WRONG_OPENING, FAULT_ORDER; as `judge`
 */
export function judgeColumnProof(
  proof: ColumnProof,
  {
    claimedRoot,
    dimension,
    rule,
  }: {
    readonly claimedRoot: Hex;
    readonly dimension: number;
    readonly rule: ProvableRule;
  },
): Verdict {
  const { coordinate, references } = proof;
  if (!Number.isInteger(coordinate) || coordinate < 0 || coordinate >= dimension)
    throw new QuorateError(
      "FAULT_COORDINATE",
      `coordinate ${coordinate} does not exist: the model has ${dimension}`,
      {
        coordinate,
        dimension,
      },
    );
  const roots = [claimedRoot, ...references.map(({ modelRoot }) => modelRoot)];
  const parts = splitOpenings(fromHex(proof.openings), roots.length, dimension);
  const [claim = 0, ...column] = roots.map((root, position) =>
    valueAt(parts[position] as Uint8Array, { coordinate, dimension, root, position }),
  );
  assertOrder(fromHex(proof.order), rule, column);
  return judge(rule, claim, { samples: references.map(({ sampleCount }) => Number(sampleCount)), column });
}

/** One part for each model: hashes, leaf, siblings. The length tells which of the two forms it is. */
function splitOpenings(openings: Uint8Array, count: number, dimension: number): readonly Uint8Array[] {
  const length = pathLength(dimension);
  const expected = HASHES + count * length;
  const apart = count * (HASHES + length);
  const numbers = Array.from({ length: count }, (_, k) => k);
  if (openings.length === expected) {
    const hashes = openings.subarray(0, HASHES);
    return numbers.map((k) =>
      concatBytes(hashes, openings.slice(HASHES + k * length, HASHES + (k + 1) * length)),
    );
  }
  if (openings.length === apart)
    return numbers.map((k) => openings.subarray(k * (HASHES + length), (k + 1) * (HASHES + length)));
  throw new QuorateError(
    "FAULT_OPENINGS_LENGTH",
    `the openings have ${openings.length} bytes instead of ${expected} or ${apart}`,
    { length: openings.length, expected, apart },
  );
}

function valueAt(
  part: Uint8Array,
  at: {
    readonly coordinate: number;
    readonly dimension: number;
    readonly root: Hex;
    readonly position: number;
  },
): number {
  const leaf = part.subarray(HASHES, HASHES + LEAF_BYTES);
  const siblings = Array.from({ length: treeDepth(at.dimension) }, (_, i) =>
    part.subarray(HASHES + LEAF_BYTES + 32 * i, HASHES + LEAF_BYTES + 32 * (i + 1)),
  );
  const given = modelRootOfOpening({
    headerHash: part.subarray(0, 32),
    nonFloatHash: part.subarray(32, HASHES),
    dimension: at.dimension,
    leafIndex: Math.floor(at.coordinate / LEAF_FLOATS),
    leaf,
    proof: siblings,
  });
  if (given !== at.root.toLowerCase())
    throw new QuorateError(
      "FAULT_WRONG_OPENING",
      `opening ${at.position} opens to ${given}, not to ${at.root}`,
      {
        position: at.position,
        expected: at.root,
        given,
      },
    );
  return new DataView(leaf.buffer, leaf.byteOffset).getUint32(4 * (at.coordinate % LEAF_FLOATS), true);
}

/** The order must name every update once, lowest value first; among equals any order will do. */
function assertOrder(order: Uint8Array, { kind }: ProvableRule, column: readonly number[]): void {
  const ranks = Array.from(
    { length: order.length >> 1 },
    (_, i) => 256 * (order[2 * i] ?? 0) + (order[2 * i + 1] ?? 0),
  );
  const needed = kind === "fedavg" ? 0 : column.length;
  const sorted = sortingOrder(column).slice(0, needed);
  const sameValues = ranks.every((k, i) => sameValue(column[k], column[sorted[i] as number]));
  if (order.length === 2 * needed && new Set(ranks).size === needed && sameValues) return;
  throw new QuorateError("FAULT_ORDER", `the order does not sort the ${column.length} values`, {
    order: toHex(order),
  });
}

/** Equal float32, the two zeros included. */
function sameValue(a: number | undefined, b: number | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && ((a | b) & 0x7fffffff) === 0);
}
