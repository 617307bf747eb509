import { Cluster, clientNumber } from "./cluster.ts";
import { runLoad, wait } from "./rows.ts";

export interface LeaderKills {
  readonly kills: number;
  /** Milliseconds from the leader's end until another member says it committed operations, sorted. */
  readonly pauses: readonly number[];
}

/** Kills the leader under load, again and again; each time it is started again and catches up before the next. */
export async function killLeaders(kills: number, rate: number): Promise<LeaderKills> {
  const cluster = await Cluster.open(4);
  const pauses: number[] = [];
  // Long enough for all kills; the load is ended with the cluster.
  const load = { bundle: 16, bytes: 32, window: 256, warmUp: 1, seconds: 8 * kills };
  const over = new AbortController();
  const offered = { committee: cluster.committee, client: clientNumber(0), rate, ...load };
  runLoad(offered, { signal: over.signal }).catch(() => {});
  try {
    for (let i = 0; i < kills; i++) {
      await settled(cluster);
      const leader = newest(cluster).leader;
      const seen = cluster.commits.map((commits) => commits.length);
      const killed = performance.timeOrigin + performance.now();
      await cluster.kill(leader);
      pauses.push((await nextCommit(cluster, leader, seen, killed)) - killed);
      cluster.start(leader);
    }
  } finally {
    over.abort();
    await cluster.close();
  }
  return { kills, pauses: pauses.toSorted((a, b) => a - b) };
}

/** All four have committed the same height or one close to it: a restarted member has caught up. */
async function settled(cluster: Cluster): Promise<void> {
  for (;;) {
    const heights = cluster.commits.map((commits) => commits.at(-1)?.height ?? 0);
    if (Math.min(...heights) > 0 && Math.max(...heights) - Math.min(...heights) <= 8) return;
    await wait(20);
  }
}

function newest(cluster: Cluster) {
  return cluster.commits.flatMap((commits) => commits.slice(-1)).toSorted((a, b) => b.height - a.height)[0]!;
}

/** When a member that lives said it committed operations it had not before `killed`; by a view the dead one doesn't lead. */
async function nextCommit(cluster: Cluster, dead: number, seen: number[], killed: number): Promise<number> {
  for (;;) {
    const later = cluster.commits.flatMap((commits, i) => {
      if (i === dead) return [];
      return commits
        .slice(seen[i])
        .filter(({ at, operations, leader }) => at > killed && operations > 0 && leader !== dead);
    });
    if (later.length > 0) return Math.min(...later.map(({ at }) => at));
    await wait(1);
  }
}
