import { sameHex } from "../../coordinator/protocol/bytes.ts";
import type {
  FederationView,
  MinerView,
  RoundRecord,
} from "../../coordinator/protocol/views/federation-view.ts";
import { orderOf } from "../../coordinator/protocol/views/queries.ts";

/** A miner's duties in the rounds that are held. */
export interface Duties {
  /** Rounds in which it was drawn as primary or secondary, and in how many of them it signed a candidate. */
  readonly drawn: number;
  readonly proposed: number;
  /** Newest round it left a trace in. */
  readonly lastSeen: bigint | null;
}

const DRAWN_RANKS = 2;

/** What a miner was drawn for and did, over the rounds held in `view`. */
export function dutiesOf(view: FederationView, { miner, lastVoted }: MinerView): Duties {
  let [drawn, proposed] = [0, 0];
  let lastSeen = lastVoted;
  for (const record of view.rounds.values()) {
    const signed = hasSigned(record, miner);
    if (signed && (lastSeen === null || record.round > lastSeen)) lastSeen = record.round;
    if (record.status === "open") continue;
    const rank = (orderOf(record) ?? []).findIndex((member) => sameHex(member, miner));
    if (rank < 0 || rank >= DRAWN_RANKS) continue;
    drawn += 1;
    if (signed) proposed += 1;
  }
  return { drawn, proposed, lastSeen };
}

/** True if a miner signed a candidate of the round. */
export function hasSigned(record: RoundRecord, miner: string): boolean {
  return record.candidates.some(({ signers }) => signers.some((signer) => sameHex(signer.miner, miner)));
}
