import type { ChainReader, ClientRecord, RoundStatus, RoundView } from "../ports/chain.ts";
import type { Content } from "../ports/content.ts";
import { type Hex, sameHex, ZERO_HASH } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import {
  decodeManifestFile,
  MANIFEST_MAX_BYTES,
  type ManifestFile,
} from "../protocol/round/manifest-file.ts";
import { finalTable } from "./claim-payout.ts";

const DEFAULT_ROUNDS = 20;

/** A client's part in one round. */
export interface ClientRound {
  readonly round: bigint;
  readonly status: RoundStatus;
  readonly final: boolean;
  readonly modelRoot: Hex;
  readonly sampleCount: bigint;
  readonly shapley: { readonly numerator: bigint; readonly denominator: bigint } | null;
  /** Cumulative payouts after the round, in the token's smallest unit; null if it pays nobody. */
  readonly cumulative: bigint | null;
}

export interface ClientStatus {
  readonly client: Hex;
  readonly registered: ClientRecord | undefined;
  /** Rounds whose manifest holds an update of this client, newest first. */
  readonly rounds: readonly ClientRound[];
  /** Final and not claimed. */
  readonly owed: bigint;
  /** Agreed but not final yet. */
  readonly pending: bigint;
  readonly claimed: bigint;
}

/** What a client sent, was worth, is owed and has claimed. `rounds`: how many of the newest rounds to look at. */
export async function clientStatus(options: {
  readonly chain: ChainReader;
  readonly content: Content;
  readonly client: Hex;
  readonly rounds?: number;
}): Promise<ClientStatus> {
  const { chain, client } = options;
  const [registered, claimed, table, current] = await Promise.all([
    chain.client(client),
    chain.claimed(client),
    finalTable(options),
    chain.currentRound(),
  ]);
  const final = cumulativeOf(table?.rows ?? [], client);
  const rounds = await clientRounds(options, current?.round ?? 0n);
  const newest = rounds.find(({ status }) => status === "agreed")?.cumulative ?? final;
  return {
    client,
    registered,
    rounds,
    owed: final > claimed ? final - claimed : 0n,
    pending: newest > final ? newest - final : 0n,
    claimed,
  };
}

async function clientRounds(
  options: Parameters<typeof clientStatus>[0],
  newest: bigint,
): Promise<readonly ClientRound[]> {
  const { chain, client, rounds = DEFAULT_ROUNDS } = options;
  const found: ClientRound[] = [];
  for (let round = newest; round > 0n && newest - round < BigInt(rounds); round--) {
    const view = await chain.round(round);
    const manifest = await manifestOf(options.content, view);
    const k = manifest?.updates.findIndex((signed) => sameHex(signed.client, client)) ?? -1;
    if (!manifest || k < 0) continue;
    const { update } = manifest.updates[k]!;
    const { shapley } = manifest;
    found.push({
      round,
      status: view.status,
      final: view.final,
      modelRoot: update.modelRoot,
      sampleCount: update.sampleCount,
      shapley: shapley && { numerator: shapley.numerators[k]!, denominator: shapley.denominator },
      cumulative: view.status === "agreed" ? cumulativeOf(manifest.payouts, client) : null,
    });
  }
  return found;
}

/** The manifest of a round's first candidate; undefined if there is none or nobody serves it any more. */
async function manifestOf(content: Content, { candidates }: RoundView): Promise<ManifestFile | undefined> {
  const digest = [...candidates].sort((a, b) => a.rank - b.rank)[0]?.candidate.manifestCid;
  if (!digest || sameHex(digest, ZERO_HASH)) return undefined;
  try {
    return decodeManifestFile(await content.get(digest, { maxBytes: MANIFEST_MAX_BYTES }));
  } catch (error) {
    if (isQuorateError(error, "CONTENT_UNAVAILABLE")) return undefined;
    throw error;
  }
}

function cumulativeOf(rows: ManifestFile["payouts"], client: Hex): bigint {
  return rows.find((row) => sameHex(row.client, client))?.cumulative ?? 0n;
}
