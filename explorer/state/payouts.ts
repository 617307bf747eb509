import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { sameHex } from "../../coordinator/protocol/bytes.ts";
import type { ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";

/** An update of a manifest and what its client had earned after it. */
export interface PaidClient {
  readonly client: Hex;
  readonly samples: bigint;
  readonly modelRoot: Hex;
  readonly shapley: { readonly numerator: bigint; readonly denominator: bigint } | null;
  /** All rounds up to this one, in the token's smallest unit. */
  readonly cumulative: bigint;
}

/** The updates of a manifest with their Shapley values and cumulative payouts. */
export function paidClients(file: ManifestFile): PaidClient[] {
  return file.updates.map(({ client, update }, k) => ({
    client,
    samples: update.sampleCount,
    modelRoot: update.modelRoot,
    shapley: file.shapley && {
      numerator: file.shapley.numerators[k]!,
      denominator: file.shapley.denominator,
    },
    cumulative: file.payouts.find((row) => sameHex(row.client, client))?.cumulative ?? 0n,
  }));
}
