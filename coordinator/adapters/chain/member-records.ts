import type { ClientRecord, MinerRecord } from "../../ports/chain.ts";
import type { Hex } from "../../protocol/bytes.ts";
import type { FederationView } from "../../protocol/views/federation-view.ts";
import { clientTerms } from "../../protocol/views/queries.ts";

/** Those that hold a seat or may get one; who has left serves nothing and votes no more. */
export function minerRecords(view: FederationView): MinerRecord[] {
  const isOpen = view.rounds.get(view.latestRound)?.status === "open";
  return [...view.miners.values()]
    .filter(({ status }) => status !== "exited")
    .map(({ miner, status, absent, key, nextKey, endpoint, stake, reputation, weight }) => ({
      miner,
      // A miner without a seat has only the key it will vote with.
      key: view.seats.includes(miner.toLowerCase()) ? key : nextKey,
      endpoint,
      active: view.seats.includes(miner.toLowerCase()),
      activeNext: status === "active" || status === "joining",
      // What is queued takes effect at an opening, or while no round is open.
      mayReturn: absent && (status === "inactive" || (status === "suspending" && !isOpen)),
      stake,
      reputation,
      weight,
    }));
}

/** Terms in a round, by default the newest; before the first that counts, inactive. */
export function clientRecord(
  view: FederationView,
  client: Hex,
  round = view.latestRound,
): ClientRecord | undefined {
  const known = view.clients.get(client.toLowerCase());
  const first = known?.terms[0];
  if (!known || !first) return undefined;
  const terms = clientTerms(view, client, round) ?? { ...first, active: false };
  return { client: known.client, key: terms.key, active: terms.active, sampleCap: terms.sampleCap };
}
