import type { ChainReader, ChainWriter, Sent } from "../ports/chain.ts";
import type { Content } from "../ports/content.ts";
import { type Hex, sameHex, ZERO_HASH } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { type PayoutRow, payoutTree } from "../protocol/incentives/payouts.ts";
import { MANIFEST_MAX_BYTES } from "../protocol/round/manifest-file.ts";
import { readPayouts } from "../protocol/round/stored-files.ts";

export interface PaidClaim {
  /** Paid by this claim, in the token's smallest unit. */
  readonly paid: bigint;
  /** Paid in all. */
  readonly cumulative: bigint;
  /** null if there was nothing new to claim. */
  readonly sent: Sent | null;
}

/** The payout table of the newest final root, checked against it; undefined while no root is final. */
export async function finalTable(options: {
  readonly chain: ChainReader;
  readonly content: Content;
}): Promise<{ readonly round: bigint; readonly rows: readonly PayoutRow[] } | undefined> {
  const final = await options.chain.finalPayouts();
  if (!final) return undefined;
  if (sameHex(final.root, ZERO_HASH)) return { round: final.round, rows: [] };
  const bytes = await options.content.get(final.manifestCid, { maxBytes: MANIFEST_MAX_BYTES });
  return { round: final.round, rows: readPayouts(bytes, final.root) };
}

/**
 * Claims all a client is owed by the newest final root; payouts are cumulative, so one claim covers many rounds.
 * @throws QuorateError NOTHING_FINAL, PAYOUTS_MISMATCH, CONTENT_UNAVAILABLE
 */
export async function claimPayout(options: {
  readonly chain: ChainReader & ChainWriter;
  readonly content: Content;
  readonly client: Hex;
}): Promise<PaidClaim> {
  const { chain, client } = options;
  const table = await finalTable(options);
  if (!table)
    throw new QuorateError(
      "NOTHING_FINAL",
      "no round is final yet: wait for the challenge window of the first agreed round to end",
    );
  const claimed = await chain.claimed(client);
  const row = table.rows.find((entry) => sameHex(entry.client, client));
  const cumulative = row?.cumulative ?? 0n;
  if (!row || cumulative <= claimed) return { paid: 0n, cumulative: claimed, sent: null };
  const sent = await chain.claim(client, cumulative, payoutTree(table.rows).proof(row.client));
  return { paid: cumulative - claimed, cumulative, sent };
}
