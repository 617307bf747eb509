import { type Hex, ZERO_HASH } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { Writer } from "../praft/codec.ts";
import { weightOf } from "../praft/config.ts";
import { type Kind, MAX_OUTCOME, readAll, writePairs } from "./kind.ts";
import { FULL } from "./operations.ts";
import { isQuorum } from "./scoring.ts";

/** Which round's updates. */
interface RoundUpdates {
  readonly round: number;
  readonly openingHash: Hex;
}

/** The subject of a member that holds no update and says so: it took part. */
export const HOLDS_NONE: Hex = ZERO_HASH;

export function encodeRoundUpdates({ round, openingHash }: RoundUpdates): Uint8Array {
  return new Writer().u64(round).hash(openingHash).done();
}

/**
 * Freezes a round's update set: a ballot with full score says "I hold this update, checked". An update is in if members of
 * weight above F hold it: weight F can neither bring in one that no honest member has, nor keep out one that all honest
 * members have. Outcome: the updates, rising, each with full score.
 */
export const updates: Kind<RoundUpdates> = {
  name: "updates",
  read: (parameters) =>
    readAll(parameters, (reader) => {
      const round = reader.u64();
      if (round === 0) throw new QuorateError("DECISION_ROUND", "rounds count from 1, not from 0", { round });
      return { round, openingHash: reader.hash() };
    }),
  accepts: (_, __, score) => score === FULL,
  decide: (_, { committee, bySubject }) => {
    const present = [...new Set([...bySubject.values()].flat().map(({ signer }) => signer))];
    if (!isQuorum(committee, present)) return undefined;
    const held = [...bySubject.keys()]
      .filter((subject) => subject !== HOLDS_NONE)
      .filter((subject) => {
        const holders = bySubject.get(subject)!.map(({ signer }) => signer);
        return weightOf(committee, holders) > committee.faulty;
      });
    return writePairs(
      held
        .toSorted()
        .slice(0, MAX_OUTCOME)
        .map((subject) => [subject, FULL]),
    );
  },
};
