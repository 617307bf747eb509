import type { Chance } from "./agenda.ts";
import type { Count, Fault, Network } from "./network.ts";
import type { Node } from "./node.ts";

export interface World {
  readonly chance: Chance;
  readonly network: Network;
  readonly nodes: readonly Node[];
  readonly count: Count;
  after(ms: number, item: () => void): void;
  crash(node: Node, fault: "crash" | "disk-full"): void;
}

/** One fault of a node, its disk, its clock or the network, by chance. */
export function disturb(world: World): void {
  const { chance, network, nodes, count } = world;
  const index = chance(nodes.length);
  const node = nodes[index]!;
  const kind = chance(10);
  if (kind < 4) world.crash(node, "crash");
  else if (kind === 4) world.crash(node, "disk-full");
  else if (kind < 7) cut(world, "partition", () => network.split(nodes.length));
  else if (kind === 7) cut(world, "one-way", () => network.silence(index));
  else if (kind === 8) flap(world);
  else if (chance(2) === 0) {
    count("slow");
    node.lag = chance(300);
  } else {
    count("clock");
    node.skew = chance(5_000);
  }
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
