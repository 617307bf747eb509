import { type Hex, sameHex } from "../bytes.ts";
import { signingAddress } from "../praft/address.ts";
import type { Config, Member } from "../praft/config.ts";
import { foundedMembers } from "./founding.ts";

/**
 * Weights that drifted less leave a committee as it is: reputations move with every round, and each new committee is an epoch
 * of its own. In 1/10,000 of the weight in force, both as parts of the heaviest.
 */
const DRIFT_BPS = 2_000;
const FULL_BPS = 10_000;
/** As in CheckpointRegistry: one member decides nothing. */
const LEAST_MEMBERS = 2;

/** A seat of the miners' roster. */
export interface Seat {
  /** Address of the miner's voting key. */
  readonly key: Hex;
  /** Stake × reputation. */
  readonly weight: bigint;
}

/**
 * The next epoch's committee: of `known`, in their order, those that hold a seat with weight, weighing parts of the heaviest.
 * The same roster gives the same at every member.
 * @returns undefined while the committee in force is near enough, or if too few are left
 */
export function successorOf(
  current: Config,
  roster: readonly Seat[],
  known: readonly Omit<Member, "weight">[],
): Config | undefined {
  const weighing = roster.filter(({ weight }) => weight > 0n);
  const seatOf = ({ voteKey }: Omit<Member, "weight">) =>
    weighing.find(({ key }) => sameHex(key, signingAddress(voteKey)));
  const seated = known.flatMap((entry) => seatOf(entry) ?? []);
  const entries = known.map(({ id, voteKey }) => ({ id, voteKey }));
  const members = foundedMembers(seated, entries);
  if (members.length < LEAST_MEMBERS || isNear(current.members, members)) return undefined;
  return { groupId: current.groupId, epoch: current.epoch + 1, members };
}

function isNear(current: readonly Member[], next: readonly Member[]): boolean {
  if (current.length !== next.length) return false;
  const heaviest = Math.max(...current.map(({ weight }) => weight));
  const tallest = Math.max(...next.map(({ weight }) => weight));
  return next.every(({ id, weight }) => {
    const before = current.find((member) => member.id === id);
    if (!before) return false;
    // Both in the same unit, so that no quotient is rounded.
    const [was, is] = [BigInt(before.weight) * BigInt(tallest), BigInt(weight) * BigInt(heaviest)];
    const drift = was > is ? was - is : is - was;
    return drift * BigInt(FULL_BPS) <= was * BigInt(DRIFT_BPS);
  });
}
