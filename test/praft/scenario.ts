import type { Committee } from "../../coordinator/protocol/praft/config.ts";
import { committeeOfWeights } from "../protocol/praft/fixtures.ts";
import type { Chance } from "./agenda.ts";
import { castRoles, type Role } from "./node.ts";

/** What a seed is about. */
export interface Scenario {
  /** Members of the first epoch. */
  readonly size: number;
  /** Of the first members; the others follow the protocol. */
  readonly roles: readonly Role[];
  /** Members, those of later epochs included. */
  readonly nodes: number;
  /** By epoch; the chain names each after the first at its time. */
  readonly epochs: readonly Committee[];
  readonly namedAt: readonly number[];
  /** Colluders of weight F + 1, who are to fork and to be caught. */
  readonly overthrow: boolean;
  /** Colluders of weight F, neighbours in the order of leaders, while leaders fall often. */
  readonly ambush: boolean;
}

/** One seed in so many is about a fork, and one about an ambush. */
const EVERY = 8;

export function chooseScenario(seed: number, chance: Chance): Scenario {
  const ambush = seed % EVERY === 4;
  const size = ambush || chance(3) === 0 ? 7 : 4;
  const faulty = size === 7 ? 2 : 1;
  const members = Array.from({ length: size }, (_, i) => i);
  if (seed % EVERY === 0) {
    const roles = new Array<Role>(faulty + 1).fill("script");
    const epochs = [committeeOfWeights(members, 0, () => 1)];
    return { size, roles, nodes: size, epochs, namedAt: [0], overthrow: true, ambush: false };
  }
  const roles = ambush ? new Array<Role>(faulty).fill("script") : castRoles(chance, faulty);
  // Liars weigh 1 each, so that they are at most F.
  const even = ambush || chance(2) === 0;
  const weights = members.map((i) => (even || i < faulty ? 1 : 1 + chance(3)));
  const weightOf = (member: number) => weights[member] ?? 1;
  const later = ambush ? 0 : [0, 1, 1, 2, 3][chance(5)]!;
  const epochs = [committeeOfWeights(members, 0, weightOf)];
  const namedAt = [0];
  for (let epoch = 1; epoch <= later; epoch++) {
    members.splice(faulty + chance(members.length - faulty), 1);
    members.push(size + epoch - 1);
    epochs.push(committeeOfWeights(members, epoch, weightOf));
    namedAt.push(1_000 + Math.floor((6_000 / later) * (epoch - 1)) + chance(1_500));
  }
  return { size, roles, nodes: size + later, epochs, namedAt, overthrow: false, ambush };
}
