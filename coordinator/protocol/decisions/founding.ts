import { type Hex, sameHex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { signingAddress } from "../praft/address.ts";
import type { Member } from "../praft/config.ts";

/** What the heaviest miner weighs in a founded committee, as in CheckpointRegistry. */
const HEAVIEST = 1_000_000n;

/**
 * The committee that CheckpointRegistry takes from the roster: its miners in seat order, with weights as parts of the
 * heaviest one's. Names and vote keys come from the miners themselves, for the chain knows addresses only.
 * @throws QuorateError COMMITTEE_INCOMPLETE if a miner's entry is missing
 */
export function foundedMembers<M extends Pick<Member, "voteKey">>(
  roster: readonly { readonly key: Hex; readonly weight: bigint }[],
  entries: readonly M[],
): (M & Pick<Member, "weight">)[] {
  const heaviest = roster.reduce((most, { weight }) => (weight > most ? weight : most), 1n);
  return roster
    .filter(({ weight }) => weight > 0n)
    .map(({ key, weight }) => {
      const entry = entries.find(({ voteKey }) => sameHex(signingAddress(voteKey), key));
      if (!entry)
        throw new QuorateError(
          "COMMITTEE_INCOMPLETE",
          `no entry has the vote key of ${key}: ask its miner for what quorate praft identity prints`,
          { key },
        );
      const scaled = Number((weight * HEAVIEST) / heaviest);
      return { ...entry, weight: Math.max(1, scaled) };
    });
}
