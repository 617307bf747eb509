import type { Hex } from "../bytes.ts";
import type { ChainEvent, EventName } from "./events.ts";
import type {
  ClientView,
  FederationView,
  MinerView,
  RoundRecord,
  SettlementView,
} from "./federation-view.ts";
import type { Moment } from "./moment.ts";

/** A view while events are being folded into it; its records are replaced, never changed. */
export type Draft = {
  -readonly [K in keyof Omit<
    FederationView,
    "rounds" | "miners" | "clients" | "settlements" | "seats"
  >]: FederationView[K];
} & {
  rounds: Map<bigint, RoundRecord>;
  miners: Map<string, MinerView>;
  clients: Map<string, ClientView>;
  settlements: Map<bigint, SettlementView>;
  seats: string[];
};

export type EventOf<N extends EventName> = Extract<ChainEvent, { name: N }>;

/** One function per event that changes a part of the view. */
export type Reducers = { readonly [N in EventName]?: (draft: Draft, event: EventOf<N>) => void };

/** A copy to fold into: one per batch of events, not per event. */
export function draftOf(view: FederationView): Draft {
  return {
    ...view,
    rounds: new Map(view.rounds),
    miners: new Map(view.miners),
    clients: new Map(view.clients),
    settlements: new Map(view.settlements),
    seats: [...view.seats],
  };
}

/** Where an event stands. */
export function momentOf({ transaction, block, blockHash, time }: ChainEvent): Moment {
  return { transaction, block, blockHash, time };
}

/** Replaces some fields of a round; a round before the first block that was read is unknown and left alone. */
export function updateRound(
  draft: Draft,
  round: bigint,
  change: (record: RoundRecord) => Partial<RoundRecord>,
): void {
  const record = draft.rounds.get(round);
  if (record) draft.rounds.set(round, { ...record, ...change(record) });
}

/** Replaces some fields of a miner. */
export function updateMiner(
  draft: Draft,
  miner: Hex,
  change: (record: MinerView) => Partial<MinerView>,
): void {
  const record = draft.miners.get(miner.toLowerCase());
  if (record) draft.miners.set(miner.toLowerCase(), { ...record, ...change(record) });
}

/** Adds a transaction to a round's list once. */
export function withTransaction(record: RoundRecord, transaction: Hex): readonly Hex[] {
  return record.transactions.includes(transaction)
    ? record.transactions
    : [...record.transactions, transaction];
}
