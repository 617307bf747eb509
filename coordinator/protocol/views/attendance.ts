import type { Hex } from "../bytes.ts";
import { sameHex } from "../bytes.ts";
import type { FederationView, RoundRecord } from "./federation-view.ts";
import { deadlinesOf, timeIn } from "./queries.ts";

/** A miner that anyone may deactivate, and the round up to which that is judged. */
export interface Absentee {
  readonly miner: Hex;
  readonly asOfRound: bigint;
}

/** Ballots a miner's record covers; contracts/libraries/Reputation.sol. */
const REMEMBERED = 8;

/**
 * Miners with a seat that missed as many of the last eight ballots as the parameters allow.
 * @param now block time, seconds: until a ballot's deadline a vote may still prove presence
 */
export function absentees(view: FederationView, now: number): readonly Absentee[] {
  const limit = Number(view.parameters?.absenceLimit ?? 0n);
  const time = timeIn(view, now);
  const ballots = [...view.rounds.values()].filter(({ ballot }) => ballot !== null);
  const last = ballots.findLast((record) => (deadlinesOf(record).voteDeadline ?? time) < time);
  if (!last || limit === 0) return [];
  const judged = ballots.filter(
    ({ ballot }) => ballot! <= last.ballot! && ballot! > last.ballot! - REMEMBERED,
  );
  return view.seats.flatMap((address) => {
    const miner = view.miners.get(address);
    if (miner?.status !== "active") return [];
    // Who comes back begins with a clean record.
    const own = judged.filter(({ ballot }) => ballot! > miner.seatedAt);
    const missed = own.filter((record) => isMissing(record, miner.miner)).length;
    return missed >= limit ? [{ miner: miner.miner, asOfRound: last.round }] : [];
  });
}

function isMissing({ roster, countedVotes, lateVotes }: RoundRecord, miner: Hex): boolean {
  const isOwn = (other: { readonly miner: Hex }) => sameHex(other.miner, miner);
  return roster.some(isOwn) && !countedVotes.some(isOwn) && !lateVotes.some(isOwn);
}
