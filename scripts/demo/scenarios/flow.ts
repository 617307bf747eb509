import { cpSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createChainReader, type QuorateReader } from "../../../coordinator/adapters/chain/reader.ts";
import { FEDAVG } from "../../../coordinator/protocol/aggregation/rule.ts";
import type { RoundRecord } from "../../../coordinator/protocol/views/federation-view.ts";
import { type DemoFederation, setUpFederation, startNodes } from "../federation.ts";
import { freePorts } from "../folder.ts";
import type { DemoOptions } from "../options.ts";
import { Supervisor } from "../supervisor.ts";
import { writeCommittee } from "./committee.ts";
import { openWireTap, type WireTap, type WireTapOptions } from "./wire-tap.ts";

/** A small federation of real processes in a temporary folder. */
export interface Flow {
  readonly options: DemoOptions;
  readonly supervisor: Supervisor;
  readonly federation: DemoFederation;
  readonly chain: QuorateReader;
  /** Arguments that name chain and federation. */
  readonly at: readonly string[];
  /** Waits until a round has ended. */
  ended(round: number): Promise<RoundRecord>;
  stop(): Promise<void>;
}

export type FlowSettings = Partial<DemoOptions> & {
  readonly startClients?: boolean;
  /** Each miner runs a replica of a committee of all miners. */
  readonly replicas?: boolean;
  /** Puts a tap between each miner and all others. */
  readonly tap?: (index: number) => WireTapOptions;
  /** Folder of another run whose people take part again, with the same keys. */
  readonly peopleOf?: string;
};

const MINERS = 2;
const ROUND_TIMEOUT_MS = 120_000;

/** Starts chain, miners and (unless told otherwise) clients, with little data: a round takes about four seconds. */
export async function startFlow(settings: FlowSettings): Promise<Flow> {
  const out = mkdtempSync(join(tmpdir(), "quorate-flow-"));
  const { tap, startClients, peopleOf, replicas, ...rest } = settings;
  const listenAt = tap && { listenAt: await freePorts(settings.miners ?? MINERS) };
  let options: DemoOptions = { ...optionsOf(rest, out), ...listenAt };
  if (peopleOf) takeKeys(peopleOf, out);
  const supervisor = new Supervisor(join(out, "logs"));
  const killAll = () => supervisor.killNow();
  process.once("exit", killAll);
  const quiet = { line: () => {}, round: () => {}, training: () => {}, stop: () => {} };
  try {
    const federation = await setUpFederation(options, supervisor, quiet);
    if (replicas) options = { ...options, praft: await writeCommittee(federation, out) };
    const taps = tap ? await openTaps(options, federation, tap) : [];
    const clients = startClients === false ? [] : federation.clients;
    await startNodes(options, supervisor, { ...federation, clients });
    const where = { rpcUrl: federation.rpcUrl, roundConsensus: federation.contract };
    const chain = await createChainReader(where);
    return {
      options,
      supervisor,
      federation,
      chain,
      at: ["--rpc", federation.rpcUrl, "--contract", federation.contract],
      ended: (round) => waitForEnd(chain, supervisor, BigInt(round)),
      async stop() {
        chain.close();
        federation.provider.destroy();
        await federation.funder.ledger.close();
        await supervisor.stop();
        for (const each of taps) await each.close();
        process.off("exit", killAll);
        rmSync(out, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

function openTaps(
  { listenAt = [] }: DemoOptions,
  { endpoints }: DemoFederation,
  tap: (index: number) => WireTapOptions,
): Promise<WireTap[]> {
  const ports = endpoints.map((endpoint) => Number(new URL(endpoint).port));
  return Promise.all(ports.map((port, index) => openWireTap(port, listenAt[index]!, tap(index))));
}

function takeKeys(from: string, to: string): void {
  for (const key of globSync("{miners,clients}/*/{key.json,password}", { cwd: from }))
    cpSync(join(from, key), join(to, key), { recursive: true });
}

function optionsOf(settings: Partial<DemoOptions>, out: string): DemoOptions {
  return {
    rounds: 1,
    clients: 3,
    labelNoise: [0, 0.2, 0.5],
    rule: FEDAVG,
    byzantine: 0,
    attack: { name: "none" },
    miners: MINERS,
    seed: "1",
    out,
    keep: false,
    json: false,
    samples: 200,
    validationSize: 300,
    epochs: 1,
    batchSize: 10,
    learningRate: 0.05,
    // A busy machine must not make a deadline the fault.
    slack: 2,
    ...settings,
  };
}

async function waitForEnd(chain: QuorateReader, supervisor: Supervisor, round: bigint): Promise<RoundRecord> {
  const until = Date.now() + ROUND_TIMEOUT_MS;
  for (;;) {
    supervisor.check();
    const record = (await chain.view()).rounds.get(round);
    if (record?.ended) return record;
    if (Date.now() > until) throw new Error(`round ${round} did not end within ${ROUND_TIMEOUT_MS / 1000} s`);
    await sleep(100);
  }
}
