import { fromHex, type Hex, toHex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { type Decision, leafOf } from "./decision.ts";
import { climb, pathOf } from "./tree.ts";

/** All that is needed, beside the chain, to believe one decision. */
export interface DecisionProof {
  readonly version: 1;
  /** Number of the checkpoint whose root it is proven under. */
  readonly checkpoint: number;
  readonly decision: Omit<Decision, "outcome"> & { readonly outcome: Hex | null };
  readonly path: readonly Hex[];
}

/** A checkpoint as it stands on the chain. */
interface Anchored {
  readonly count: bigint;
  readonly height: bigint;
  readonly decisionsRoot: Hex;
}

/**
 * Proves the decision on a task under an anchored checkpoint.
 * @param decisions of a replica, by rising position
 * @throws QuorateError DECISION_UNKNOWN, DECISION_NOT_ANCHORED, DECISIONS_INCOMPLETE
 */
export function proveDecision(decisions: readonly Decision[], task: Hex, anchored: Anchored): DecisionProof {
  const found = decisions.find((decision) => decision.task === task);
  if (!found)
    throw new QuorateError("DECISION_UNKNOWN", `this replica knows no decision on task ${task}`, { task });
  if (BigInt(found.height) > anchored.height)
    throw new QuorateError(
      "DECISION_NOT_ANCHORED",
      `task ${task} was decided at height ${found.height}, and only height ${anchored.height} is anchored: try again later`,
      { task, height: found.height, anchored: anchored.height },
    );
  const leaves = decisions.filter(({ height }) => BigInt(height) <= anchored.height).map(leafOf);
  const path = decisions[0]!.position === 0 ? pathOf(leaves, found.position) : [];
  if (climb(leafOf(found), path) !== anchored.decisionsRoot)
    throw new QuorateError(
      "DECISIONS_INCOMPLETE",
      "the decisions of this replica do not lead to the anchored root: it missed some, or is of another group; ask another member's",
      { decisions: decisions.length, first: decisions[0]!.position },
    );
  const { outcome, ...rest } = found;
  const decision = { ...rest, outcome: outcome ? toHex(outcome) : null };
  return { version: 1, checkpoint: Number(anchored.count), decision, path };
}

/**
 * The decision a proof file proves under the root of its checkpoint.
 * @throws QuorateError PROOF_MALFORMED, PROOF_FALSE
 */
export function checkProof(proof: unknown, rootOf: (checkpoint: number) => Hex): Decision {
  const { checkpoint, decision, path } = readProof(proof);
  const { outcome, ...rest } = decision;
  const claimed = { ...rest, outcome: outcome === null ? undefined : fromHex(outcome) };
  if (climb(leafOf(claimed), path) === rootOf(checkpoint)) return claimed;
  throw new QuorateError(
    "PROOF_FALSE",
    `the file does not lead to the decisions root of checkpoint ${checkpoint}: this was not decided, or the file was changed`,
    { checkpoint, task: decision.task },
  );
}

function readProof(value: unknown): DecisionProof {
  const proof = value as DecisionProof;
  const { decision, path } = proof ?? {};
  const hash = (text: unknown) => typeof text === "string" && /^0x[0-9a-f]{64}$/.test(text);
  const count = (number: unknown) => Number.isSafeInteger(number) && (number as number) >= 0;
  const sound =
    proof?.version === 1 &&
    [proof.checkpoint, decision?.position, decision?.epoch, decision?.height].every(count) &&
    hash(decision.task) &&
    typeof decision.kind === "string" &&
    (decision.outcome === null || /^0x([0-9a-f]{2})*$/.test(String(decision.outcome))) &&
    Array.isArray(path) &&
    path.length <= 64 &&
    path.every(hash);
  if (sound) return proof;
  throw new QuorateError(
    "PROOF_MALFORMED",
    "this is no proof of a decision of version 1; make one with quorate decision prove",
  );
}
