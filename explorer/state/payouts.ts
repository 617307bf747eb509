import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { sameHex } from "../../coordinator/protocol/bytes.ts";
import type { ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";

/** An update of a manifest and what its client had earned after it. */
export interface PaidClient {
  readonly client: Hex;
  readonly samples: bigint;
  readonly modelRoot: Hex;
  readonly shapley: { readonly numerator: bigint; readonly denominator: bigint } | null;
  /** For this round alone, in the token's smallest unit. */
  readonly paid: bigint;
  /** All rounds up to this one. */
  readonly cumulative: bigint;
}

/**
 * The updates of a manifest with their Shapley values and payouts.
 * @param before manifest of the settlement the round builds on; null for the genesis model
 */
export function paidClients(file: ManifestFile, before: ManifestFile | null): PaidClient[] {
  return file.updates.map(({ client, update }, k) => {
    const cumulative = owed(file, client);
    return {
      client,
      samples: update.sampleCount,
      modelRoot: update.modelRoot,
      shapley: file.shapley && {
        numerator: file.shapley.numerators[k]!,
        denominator: file.shapley.denominator,
      },
      paid: cumulative - (before ? owed(before, client) : 0n),
      cumulative,
    };
  });
}

/** The same for a degraded round, which pays nobody: what was earned before it stays. */
export function unpaidClients(file: ManifestFile, before: ManifestFile | null): PaidClient[] {
  return paidClients(file, before).map((row) => ({
    ...row,
    paid: 0n,
    cumulative: row.cumulative - row.paid,
  }));
}

function owed({ payouts }: ManifestFile, client: Hex): bigint {
  return payouts.find((row) => sameHex(row.client, client))?.cumulative ?? 0n;
}
