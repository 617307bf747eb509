import type { Hex } from "../bytes.ts";
import type { Bundle, Pending } from "./types.ts";

/** The bundles that wait here for their turn. */
export interface Queue {
  /** Oldest first, signatures checked. */
  pending: Pending[];
  /** The same by client and sequence, and by the name an outline gives them; never iterated. */
  pendingByKey: Map<string, Pending>;
  pendingByName: Map<Hex, Bundle>;
  /** How many of each client wait, and the bytes of all. */
  pendingOf: Map<string, number>;
  pendingBytes: number;
}

export function emptyQueue(): Queue {
  return {
    pending: [],
    pendingByKey: new Map(),
    pendingByName: new Map(),
    pendingOf: new Map(),
    pendingBytes: 0,
  };
}
