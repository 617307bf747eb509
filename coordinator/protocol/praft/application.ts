import { type Hex, ZERO_HASH } from "../bytes.ts";
import { orderRoot } from "./bundles.ts";
import { Reader, Writer } from "./codec.ts";
import type { Committee } from "./config.ts";
import type { Block, Bundle } from "./types.ts";

/**
 * The state machine that committed operations drive, the same at every member: no clock, no randomness, no I/O. `S` is its
 * state, which it may change in place. It never throws on what was committed: an operation that makes no sense changes
 * nothing.
 */
export interface Application<S = unknown> {
  /** The state before the first block. */
  create(): S;
  /**
   * Executes a committed block; of its bundles only those not executed before, each client's in sequence. The committee is
   * that of the block's epoch.
   */
  apply(state: S, block: Block, fresh: readonly Bundle[], committee: Committee): S;
  /** Commits to the whole state; later blocks name it. Asked for after every block. */
  stateRoot(state: S): Hex;
  /** Merkle root over what was decided, for checkpoints and their anchors; zero if there is nothing to decide. */
  decisionsRoot(state: S): Hex;
  /** What the newest block decided, in the application's own format. */
  decided(state: S): readonly Uint8Array[];
  /** The state as bytes, at most {@link MAX_SNAPSHOT_BYTES}; one encoding for equal states. */
  encode(state: S): Uint8Array;
  /** @throws QuorateError on what `encode` did not make */
  decode(bytes: Uint8Array): S;
}

/** A state that is nothing but the order itself: a chain of hashes over all that was executed. */
export const orderApplication: Application<Hex> = {
  create: () => ZERO_HASH,
  apply: orderRoot,
  stateRoot: (root) => root,
  decisionsRoot: () => ZERO_HASH,
  decided: () => [],
  encode: (root) => new Writer().hash(root).done(),
  decode(bytes) {
    const reader = new Reader(bytes);
    const root = reader.hash();
    reader.end();
    return root;
  },
};
