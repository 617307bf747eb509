import { currentLeader } from "../../coordinator/protocol/praft/state.ts";
import type { Chance } from "./agenda.ts";
import type { Count, Fault, Network } from "./network.ts";
import type { Node } from "./node.ts";

export type Crash =
  | "crash"
  | "crash-at-persist"
  | "long-absence"
  | "disk-full"
  | "flipped-bit"
  | "amnesia"
  | "lost-fsync";

export interface World {
  readonly chance: Chance;
  readonly network: Network;
  readonly nodes: readonly Node[];
  readonly count: Count;
  after(ms: number, item: () => void): void;
  crash(node: Node, fault: Crash): void;
}

/** One fault of a node, its disk, its clock or the network, by chance. */
export function disturb(world: World): void {
  const { chance, network, nodes, count } = world;
  const index = chance(nodes.length);
  const node = nodes[index]!;
  switch (chance(13)) {
    case 0:
    case 1:
      world.crash(node, "crash");
      break;
    case 2:
      doom(world, node);
      break;
    case 3:
      world.crash(node, chance(2) === 0 ? "disk-full" : "long-absence");
      break;
    case 4:
    case 5:
      damage(world);
      break;
    case 6:
      cut(world, "partition", () => network.split(nodes.length));
      break;
    case 7:
      cut(world, "one-way", () => network.silence(index));
      break;
    case 8:
      flap(world);
      break;
    case 9:
      count("slow");
      node.lag = chance(300);
      break;
    case 10:
    case 11:
      damage(world);
      break;
    default:
      count("clock");
      node.skew = chance(5_000);
  }
}

/** Nobody hears the leader for a while. */
export function topple(world: World): void {
  const { chance, network, nodes } = world;
  const { state } = nodes[chance(nodes.length)]!;
  const id = state.committee.members[currentLeader(state, state.view)]!.id;
  cut(world, "one-way", () => network.silence(nodes.findIndex(({ env }) => env.id === id)));
}

/** It goes down between two records of its next write, or after the last and before anything is sent. */
function doom({ count }: World, node: Node): void {
  if (!node.alive || node.doomed) return;
  count("crash-at-persist");
  node.doomed = true;
}

/** The disk of who counts as faulty for its disk loses something; without one, of some other the process dies. */
function damage(world: World): void {
  const { chance, nodes } = world;
  const bad = nodes.filter(({ role }) => role === "amnesiac" || role === "learner");
  const node = bad[chance(bad.length)];
  if (!node) world.crash(nodes[chance(nodes.length)]!, "crash");
  else if (node.role === "amnesiac") world.crash(node, "lost-fsync");
  else world.crash(node, chance(2) === 0 ? "flipped-bit" : "amnesia");
}

function cut({ chance, network, count, after }: World, fault: Fault, change: () => void): void {
  count(fault);
  change();
  after(chance(900), () => network.heal());
}

function flap(world: World): void {
  const { network, nodes, after } = world;
  for (let i = 0; i < 6; i++) {
    after(i * 100, () => {
      if (!network.calm) cut(world, "flapping", () => network.split(nodes.length));
    });
  }
}
