import type { Hex } from "../bytes.ts";

/** Where and when something happened. */
export interface Moment {
  readonly transaction: Hex;
  readonly block: number;
  readonly blockHash: Hex;
  /** Block time, seconds. */
  readonly time: number;
}
