import type { Combination, RowMap } from "../../protocol/aggregation/plan.ts";
import type { ErrorDetails } from "../../protocol/errors.ts";

/** A file whose float32 values, little-endian, start at a byte offset. */
export interface UpdateFile {
  readonly path: string;
  /** Bytes before the values: header and all; 0 by default. */
  readonly offset?: number;
}

/** Where the rows lie. */
export type Source =
  | {
      readonly kind: "memory";
      /** Row k starts at base + k·stride; the centre is row `updates`, the result the row after it. Bytes. */
      readonly base: number;
      readonly stride: number;
    }
  | {
      readonly kind: "files";
      readonly files: readonly UpdateFile[];
      /** All zeros if undefined. */
      readonly centre?: UpdateFile;
      /** `dimension` float32. */
      readonly result: SharedArrayBuffer;
    };

/** A thread's part of a pass over the rows. */
export interface Job {
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  /** The thread's own part of the memory, bytes. */
  readonly scratch: { readonly from: number; readonly to: number };
  readonly source: Source;
  readonly updates: number;
  readonly dimension: number;
  readonly maps: readonly RowMap[];
  readonly work:
    | { readonly kind: "distances"; readonly rows: number; readonly chunks: Range }
    | { readonly kind: "combine"; readonly combination: Combination; readonly tiles: Range };
}

export interface Range {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

export type Result =
  /** rows² sums of each chunk, one chunk after the other. */
  | { readonly kind: "distances"; readonly chunks: Float64Array }
  /** First tile with a value that is not finite, or −1. */
  | { readonly kind: "combine"; readonly notFinite: number };

export type Reply =
  | { readonly id: number; readonly result: Result }
  | {
      readonly id: number;
      readonly error: { readonly code: string; readonly message: string; readonly details: ErrorDetails };
    };
