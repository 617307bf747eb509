import { Cluster, clientNumber } from "./cluster.ts";
import { measure, type Offer, runLoad, type Throughput, wait } from "./rows.ts";

/** No number of another client. */
const AWAKENER = 50;
/** Milliseconds to wait for what has to come, before the row fails. */
const PATIENCE = 120_000;

async function until(holds: () => boolean, what: () => string): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!holds()) {
    if (performance.now() > end) throw new Error(what());
    await wait(2);
  }
}

/** All that run executed the same number of operations; they compare the state itself with each block they vote for. */
export async function agreeOnAll(cluster: Cluster): Promise<void> {
  const counts = () => cluster.living().map((i) => cluster.executed(i));
  const said = () => cluster.said.map((line, i) => `${i}: ${line}`).join("; ");
  const same = () => new Set(counts()).size === 1;
  await until(same, () => `the replicas executed ${counts().join(", ")} operations; ${said()}`);
}

/** All members have executed a first operation: they are connected, too. */
export async function awaken(cluster: Cluster): Promise<void> {
  const load = { rate: 1, bundle: 1, bytes: 32, window: 1, warmUp: 0, seconds: 1 };
  await runLoad({ committee: cluster.committee, client: clientNumber(AWAKENER), ...load });
  await until(
    () => cluster.living().every((i) => cluster.executed(i) > 0),
    () => `not all have executed an operation; ${cluster.said.join("; ")}`,
  );
}

export interface CaughtUp {
  readonly operations: number;
  /** From when the replica listens until it has executed all. */
  readonly milliseconds: number;
}

/** Orders `operations`, ends the load, and starts a member that has nothing. */
export async function catchUp(operations: number): Promise<CaughtUp> {
  const cluster = await Cluster.open(4);
  try {
    await cluster.kill(3);
    const seconds = 10;
    const load = { rate: operations / seconds, bundle: 256, bytes: 32, window: 128, warmUp: 0, seconds };
    await runLoad({ committee: cluster.committee, client: clientNumber(0), ...load });
    await agreeOnAll(cluster);
    const all = cluster.executed(0);
    await cluster.startAfresh(3);
    await until(
      () => cluster.executed(3) === all,
      () => `${cluster.executed(3)} of ${all} operations came; ${cluster.said[3]}`,
    );
    const last = cluster.commits[3]!.findLast((commit) => commit.operations > 0)!;
    return { operations: all, milliseconds: last.at - cluster.listening[3]! };
  } finally {
    await cluster.close();
  }
}

/** Throughput of all, and then of those that are left when as many have crashed as may. */
export async function withCrashed(size: number, offer: Offer): Promise<readonly [Throughput, Throughput]> {
  const cluster = await Cluster.open(size);
  try {
    const before = await measure(cluster, offer);
    await agreeOnAll(cluster);
    for (let i = 0; i < Math.floor((size - 1) / 3); i++) await cluster.kill(i);
    const after = await measure(cluster, offer);
    await agreeOnAll(cluster);
    return [before, after];
  } finally {
    await cluster.close();
  }
}

export interface Restarts {
  readonly cycles: number;
  /** Milliseconds from the start of the process until it says that it committed what it had not before, sorted. */
  readonly pauses: readonly number[];
  readonly contradictions: number;
}

/** Kills one member after the other under load and starts it again. */
export async function restart(cycles: number, rate: number): Promise<Restarts> {
  const cluster = await Cluster.open(4);
  const pauses: number[] = [];
  const load = { bundle: 16, bytes: 32, window: 256, warmUp: 1, seconds: 30 * cycles };
  const over = new AbortController();
  const offered = { committee: cluster.committee, client: clientNumber(0), rate, ...load };
  runLoad(offered, { signal: over.signal }).catch(() => {});
  const height = (i: number) => cluster.commits[i]!.at(-1)?.height ?? 0;
  try {
    for (let cycle = 0; cycle < cycles; cycle++) {
      const member = cycle % 4;
      await until(
        () =>
          cluster
            .living()
            .every((i) => height(i) > 0 && height(i) + 8 > Math.max(...[0, 1, 2, 3].map(height))),
        () => `heights ${[0, 1, 2, 3].map(height).join(", ")}; ${cluster.said.join("; ")}`,
      );
      const known = height(member);
      await cluster.kill(member);
      const started = performance.timeOrigin + performance.now();
      cluster.start(member);
      await until(
        () => height(member) > known,
        () => `member ${member} is at height ${height(member)} of ${known}; ${cluster.said[member]}`,
      );
      pauses.push(cluster.commits[member]!.find((commit) => commit.height > known)!.at - started);
    }
    return { cycles, pauses: pauses.toSorted((a, b) => a - b), contradictions: cluster.contradictions };
  } finally {
    over.abort();
    await cluster.close();
  }
}
