import type { Hex } from "../protocol/bytes.ts";
import type { Decision } from "../protocol/decisions/decision.ts";

/** What a replica saw decided, in the order of the tree: derived from its log, kept because the log starts anew. */
export interface DecisionStore {
  /** Adds a decision; one that is there already is passed over. @throws QuorateError DECISIONS_UNWRITABLE */
  add(decision: Decision): void;
  /** A recent decision on this task. */
  find(task: Hex): Decision | undefined;
  close(): void;
}
