import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Cluster, clientNumber } from "./cluster.ts";
import type { Load, Loaded } from "./load.ts";

/** What one row of the scoreboard offers to a committee. */
export interface Offer {
  /** Operations a second, over all clients. */
  readonly rate: number;
  readonly bundle: number;
  readonly bytes: number;
  /** Milliseconds that an operation waits for others to share its bundle. */
  readonly linger?: number;
  /** Bundles under way per client process. */
  readonly window: number;
  readonly clients: number;
  readonly warmUp: number;
  readonly seconds: number;
}

export interface Throughput {
  readonly offer: Offer;
  readonly operationsPerSecond: number;
  /** Over all clients, operations confirmed in each measured second. */
  readonly perSecond: readonly number[];
  /** Milliseconds from when an operation was due until its confirmation; the worst client's. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Operations in a block that has any, on average; from what replica 0 said. */
  readonly operationsPerBlock: number;
  /** Processor seconds of all replicas per second. */
  readonly replicaCores: number;
  /** The same of all clients. */
  readonly clientCores: number;
  /** What a replica received beyond the operations themselves, per operation; bytes of the encrypted connections. */
  readonly extraBytes: number;
}

/** Client processes that offer operations to a running committee; every one has to be confirmed. */
export async function measure(cluster: Cluster, offer: Offer): Promise<Throughput> {
  const before = cluster.commits[0]!.length;
  // From when the first client is warm until its time is over: replicas and clients take a while to start.
  let [used, received, executed] = [0, 0, 0];
  const spent = (line: string) => {
    const sign = line === "measuring" ? -1 : line === "measured" ? 1 : 0;
    used += sign * processorSeconds(cluster);
    received += sign * receivedBytes(cluster);
    executed += sign * cluster.living().reduce((sum, i) => sum + cluster.executed(i), 0);
  };
  const { rate, clients, ...rest } = offer;
  const all = await Promise.all(
    Array.from({ length: clients }, (_, i) => {
      const load = { ...rest, committee: cluster.committee, client: clientNumber(i), rate: rate / clients };
      return runLoad(load, i === 0 ? { onLine: spent } : {});
    }),
  );
  const perSecond = Array.from({ length: offer.seconds }, (_, s) =>
    all.reduce((sum, each) => sum + each.perSecond[s]!, 0),
  );
  const blocks = cluster.commits[0]!.slice(before).filter(({ operations }) => operations > 0);
  const ordered = blocks.reduce((sum, { operations }) => sum + operations, 0);
  return {
    offer,
    operationsPerSecond: perSecond.reduce((sum, count) => sum + count, 0) / offer.seconds,
    perSecond,
    latency: {
      p50: Math.max(...all.map(({ latency }) => latency.p50)),
      p99: Math.max(...all.map(({ latency }) => latency.p99)),
      max: Math.max(...all.map(({ latency }) => latency.max)),
    },
    operationsPerBlock: blocks.length === 0 ? 0 : ordered / blocks.length,
    replicaCores: used / offer.seconds,
    extraBytes: received / executed - offer.bytes,
    clientCores: all.reduce((sum, { cores }) => sum + cores, 0),
  };
}

interface Watch {
  /** Gets what the client says on its way. */
  readonly onLine?: (line: string) => void;
  /** Ends the client before its time. */
  readonly signal?: AbortSignal;
}

/** One client process. */
export function runLoad(load: Load, { onLine, signal }: Watch = {}): Promise<Loaded> {
  const child = spawn(process.execPath, ["bench/praft/load.ts", JSON.stringify(load)], {
    stdio: ["ignore", "pipe", "inherit"],
    ...(signal && { signal }),
  });
  let last = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    last = line;
    onLine?.(line);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(last));
      else reject(new Error(`client ${load.client} ended with ${code}`));
    });
  });
}

/** Bytes the replicas that run have read, ever: sockets, and little else once they have started. */
function receivedBytes(cluster: Cluster): number {
  return cluster.pids().reduce((sum, pid) => {
    const found = /^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"));
    return sum + Number(found?.[1] ?? 0);
  }, 0);
}

/** User and system time of the replicas that run, in seconds. */
function processorSeconds(cluster: Cluster): number {
  let ticks = 0;
  for (const pid of cluster.pids()) {
    // Fields 14 and 15 of proc(5) stat, after the name in brackets; a tick is 10 ms on Linux.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

export const wait = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
