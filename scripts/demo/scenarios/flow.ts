import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createChainReader, type QuorateReader } from "../../../coordinator/adapters/chain/reader.ts";
import { FEDAVG } from "../../../coordinator/protocol/aggregation/rule.ts";
import type { RoundRecord } from "../../../coordinator/protocol/views/federation-view.ts";
import { type DemoFederation, setUpFederation, startNodes } from "../federation.ts";
import type { DemoOptions } from "../options.ts";
import { Supervisor } from "../supervisor.ts";

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

export type FlowSettings = Partial<DemoOptions> & { readonly startClients?: boolean };

const ROUND_TIMEOUT_MS = 120_000;

/**
 * Starts chain, miners and (unless told otherwise) clients, with little data: a round takes about four seconds.
 * @param prepare is waited for once all contracts and accounts are there and no node runs yet
 */
export async function startFlow(
  settings: FlowSettings,
  prepare: (federation: DemoFederation) => Promise<void> = async () => {},
): Promise<Flow> {
  const out = mkdtempSync(join(tmpdir(), "quorate-flow-"));
  const options = optionsOf(settings, out);
  const supervisor = new Supervisor(join(out, "logs"));
  const killAll = () => supervisor.killNow();
  process.once("exit", killAll);
  const quiet = { line: () => {}, round: () => {}, training: () => {}, stop: () => {} };
  try {
    const federation = await setUpFederation(options, supervisor, quiet);
    await prepare(federation);
    const clients = settings.startClients === false ? [] : federation.clients;
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
        process.off("exit", killAll);
        rmSync(out, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}

function optionsOf(settings: FlowSettings, out: string): DemoOptions {
  return {
    rounds: 1,
    clients: 3,
    labelNoise: [0, 0.2, 0.5],
    rule: FEDAVG,
    byzantine: 0,
    attack: { name: "none" },
    miners: 2,
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
