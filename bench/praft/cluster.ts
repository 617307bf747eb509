import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { networkIdentity } from "../../coordinator/adapters/peers/identity.ts";
import { openVoter, type VoteScheme } from "../../coordinator/cli/praft/voter.ts";
import type { Committed } from "../../coordinator/node/replica-options.ts";
import { fromHex, type Hex, toHex } from "../../coordinator/protocol/bytes.ts";

/** What a replica said it committed: when, by this process's clock in milliseconds, up to which height, how many. */
export interface Commit extends Committed {
  readonly at: number;
}

/** Clients have numbers no member has. */
export const clientNumber = (i: number): number => 900 + i;

/** The key of member or client `index`; made for the benchmark and of no use elsewhere. */
export function keyOf(index: number): Hex {
  return `0x${String(index + 1).padStart(64, "0")}`;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode === null && signalCode === null;

/** How members sign votes, and what each is started with beside what it needs. */
export interface Setting {
  readonly scheme?: VoteScheme;
  readonly options?: readonly string[];
}

/** Processes that start at a time: more would only wait for each other. */
const AT_A_TIME = 8;

/** Replicas as a user starts them: processes of `quorate praft replica`, each with its key, log folder and socket. */
export class Cluster {
  readonly size: number;
  readonly folder: string;
  readonly committee: string;
  /** By member, since its last start. */
  readonly commits: Commit[][];
  /** By member: when it last began to listen, and the last line it printed for its owner. */
  readonly listening: (number | undefined)[] = [];
  readonly said: (string | undefined)[] = [];
  /** Two statements of one member that exclude each other, as often as a replica reported some. */
  contradictions = 0;
  private readonly processes: (ChildProcess | undefined)[] = [];
  private readonly options: readonly string[];

  private constructor(size: number, folder: string, options: readonly string[]) {
    this.size = size;
    this.options = options;
    this.folder = folder;
    this.committee = join(folder, "committee.json");
    this.commits = Array.from({ length: size }, () => []);
  }

  static async open(size: number, { scheme = "secp256k1", options = [] }: Setting = {}): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), "quorate-praft-bench-"));
    const cluster = new Cluster(size, folder, options);
    const ports = await freePorts(size);
    const members = await Promise.all(
      ports.map(async (port, i) => {
        const secret = fromHex(keyOf(i), 32);
        const voter = await openVoter(scheme, secret);
        const voteKey = toHex(voter.scheme.publicKeyOf(voter.secretKey));
        const possession = toHex(voter.scheme.provePossession(voter.secretKey));
        const { id } = networkIdentity(secret);
        return { id, voteKey, possession, weight: 1, address: `127.0.0.1:${port}` };
      }),
    );
    const file = { groupId: `0x${"be".repeat(32)}`, epoch: 0, scheme, members };
    await writeFile(cluster.committee, JSON.stringify(file));
    for (let i = 0; i < size; i++) {
      cluster.start(i);
      if (i % AT_A_TIME === AT_A_TIME - 1) await cluster.listensTo(i);
    }
    return cluster;
  }

  /** All members up to this one listen. */
  private async listensTo(last: number): Promise<void> {
    const waits = () => Array.from({ length: last + 1 }, (_, i) => i).some((i) => !this.listening[i]);
    while (waits()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  start(i: number): void {
    const args = ["coordinator/cli/quorate.js", "praft", "replica", "--json", "--log-level", "warn"];
    const own = ["--committee", this.committee, "--folder", join(this.folder, `${i}`)];
    const child = spawn(process.execPath, [...args, ...own, ...this.options], {
      env: { ...process.env, QUORATE_PRIVATE_KEY: keyOf(i) },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const commits: Commit[] = [];
    this.commits[i] = commits;
    this.processes[i] = child;
    this.listening[i] = undefined;
    createInterface({ input: child.stderr! }).on("line", (line) => {
      if (line.includes("listens on")) this.listening[i] = performance.timeOrigin + performance.now();
      else if (line.includes("contradicts itself")) this.contradictions++;
      this.said[i] = line;
    });
    let rest = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      const at = performance.timeOrigin + performance.now();
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) commits.push({ at, ...JSON.parse(line) });
    });
  }

  /** Of the replicas that run. */
  pids(): number[] {
    return this.processes.flatMap((child) => (child && isRunning(child) ? [child.pid!] : []));
  }

  /** Kills without a chance to tidy up, and waits until the process is gone. */
  async kill(i: number): Promise<void> {
    const child = this.processes[i];
    if (!child || !isRunning(child)) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  /** Starts a member that is not running with an empty folder: it has to catch up from the first block. */
  async startAfresh(i: number): Promise<void> {
    await rm(join(this.folder, `${i}`), { recursive: true, force: true });
    this.start(i);
  }

  /** Members that run. */
  living(): number[] {
    return [...this.processes.keys()].filter((i) => isRunning(this.processes[i]!));
  }

  /** Operations that a member says it executed since its last start; what it read from its log counts too. */
  executed(i: number): number {
    return this.commits[i]!.reduce((sum, { operations }) => sum + operations, 0);
  }

  async close(): Promise<void> {
    for (let i = 0; i < this.size; i++) await this.kill(i);
    await rm(this.folder, { recursive: true });
  }
}
