import type { Hex } from "../protocol/bytes.ts";
import type { ReadOptions } from "./content-store.ts";

/** Files by digest, from wherever they can be had; what comes back always matches its digest. */
export interface Content {
  /**
   * The file: from the local store, else by HTTP from the miners' endpoints, else by bitswap.
   * @throws QuorateError CONTENT_UNAVAILABLE, CONTENT_TOO_LARGE
   */
  get(
    digest: Hex,
    options: ReadOptions & { readonly maxBytes: number; readonly hint?: string },
  ): Promise<Uint8Array>;
}
