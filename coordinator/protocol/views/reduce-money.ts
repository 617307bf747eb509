import { type Draft, type EventOf, type Reducers, updateRound, withTransaction } from "./draft.ts";
import type { ClientView } from "./federation-view.ts";

/** How the events of ClientRegistry and RewardDistributor change clients, settlements and the pot. */
export const MONEY_REDUCERS: Reducers = {
  ClientChanged: changeClient,
  AllowListRequired(draft, { args }) {
    draft.allowListRequired = args.required;
  },
  Funded(draft, { args }) {
    draft.funded = args.funded;
  },
  PayoutsReverted(draft, { args }) {
    for (const settlement of draft.settlements.keys())
      if (settlement > args.settlement) draft.settlements.delete(settlement);
    draft.latestSettlement = args.settlement;
  },
  Claimed: claim,
};

function changeClient(draft: Draft, event: EventOf<"ClientChanged">): void {
  const { client, key, sampleCap, active, fromRound } = event.args;
  const known = clientOf(draft, client);
  // Several changes before one opening: the last one counts.
  const earlier = known.terms.filter((terms) => terms.fromRound < fromRound);
  draft.clients.set(client.toLowerCase(), {
    ...known,
    terms: [...earlier, { key, sampleCap, active, fromRound }],
  });
}

function claim(draft: Draft, event: EventOf<"Claimed">): void {
  const { account, settlement, amount } = event.args;
  const known = clientOf(draft, account);
  draft.clients.set(account.toLowerCase(), { ...known, claimed: known.claimed + amount });
  draft.claimed += amount;
  const round = draft.settlements.get(settlement)?.round;
  if (round !== undefined)
    updateRound(draft, round, (record) => ({ transactions: withTransaction(record, event.transaction) }));
}

function clientOf(draft: Draft, client: ClientView["client"]): ClientView {
  return draft.clients.get(client.toLowerCase()) ?? { client, terms: [], claimed: 0n };
}
