import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cleanup, withCleanup } from "../../coordinator/cli/cleanup.ts";
import { checkRun, type DemoCheck } from "./checks.ts";
import { createDisplay, type Display } from "./display.ts";
import {
  type DemoFederation,
  profileFor,
  setUpFederation,
  startExplorer,
  startNodes,
  startVerify,
} from "./federation.ts";
import { prepareFolder, recordKept } from "./folder.ts";
import { readMoney } from "./money.ts";
import { createObserver, type Observer } from "./observer.ts";
import type { DemoOptions } from "./options.ts";
import { parseReport, type Report } from "./report-schema.ts";
import { type RunningProcess, Supervisor } from "./supervisor.ts";
import { type Names, roundTable } from "./tables.ts";
import { watchRounds } from "./watch.ts";

/** PROFILES.demo pays 100 tokens a round. */
const ROUND_BUDGET = 100n * 10n ** 18n;
const POLL_MS = 300;

/** What a run leaves for its summary. */
export interface DemoResult {
  readonly report: Report;
  readonly checks: readonly DemoCheck[];
  readonly names: Names;
  readonly federation: DemoFederation;
  /** What --keep left running. */
  readonly kept?: Kept;
}

export interface Kept {
  readonly processes: readonly RunningProcess[];
  /** Address of the web explorer. */
  readonly explorer: string;
}

/** Everything one run shares. */
interface Run {
  readonly options: DemoOptions;
  readonly supervisor: Supervisor;
  readonly display: Display;
  readonly signal: AbortSignal;
  readonly started: number;
}

/**
 * Runs the whole demo. Every process it starts is stopped on every way out, except what --keep keeps.
 * @throws QuorateError DEMO_RUNNING, FOLDER_UNWRITABLE, PROCESS_ENDED, PROCESS_TIMEOUT, ROUND_STUCK and those of set-up
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<DemoResult> {
  prepareFolder(options.out);
  const supervisor = new Supervisor(join(options.out, "logs"));
  const killAll = () => supervisor.killNow();
  process.once("exit", killAll);
  const interactive = process.stderr.isTTY === true;
  const display = createDisplay({ rounds: options.rounds, interactive, quiet: options.json });
  const run: Run = { options, supervisor, display, signal, started: Date.now() };
  try {
    const result = await withCleanup((cleanup) => runFederation(run, cleanup));
    return options.keep ? { ...result, kept: await keep(run, result.federation) } : result;
  } finally {
    display.stop();
    await supervisor.stop();
    process.off("exit", killAll);
  }
}

async function runFederation(run: Run, cleanup: Cleanup): Promise<Omit<DemoResult, "kept">> {
  const { options, supervisor, display, signal } = run;
  const federation = await setUpFederation(options, supervisor, display);
  cleanup.add(() => federation.provider.destroy());
  cleanup.add(() => federation.funder.ledger.close());
  signal.throwIfAborted();
  await startNodes(options, supervisor, federation);
  const observer = await createObserver(federation, options.out, cleanup);
  const names = namesOf(federation);
  const verified = new Map<number, number>();
  await watchRounds({
    chain: observer.chain,
    supervisor,
    display,
    logsFolder: join(options.out, "logs"),
    clients: options.clients,
    roundSeconds: roundSeconds(options),
    rounds: options.rounds,
    signal,
    async onEnded(record, refusals) {
      const addressed = [...refusals].map(
        ([index, why]) => [federation.clients[index]!.wallet.address, why] as const,
      );
      await observer.observe(record, Object.fromEntries(addressed));
      const report = await saveReport(run, observer);
      const round = report.rounds.find((entry) => entry.round === Number(record.round));
      if (round) display.line(roundTable(round, names));
    },
  });
  await waitForClients(run);
  for (let round = 1; round <= options.rounds; round++) {
    display.line(`verifying round ${round} in a process of its own`);
    verified.set(round, await startVerify(supervisor, federation, round));
    signal.throwIfAborted();
  }
  const money = await readMoney(federation);
  const genesisScore = await observer.genesisScore();
  const report = await saveReport(run, observer);
  const { rounds, miners } = options;
  const expected = { rounds, miners, genesisScore, roundBudget: ROUND_BUDGET };
  const checks = checkRun({ report, ...expected, money, verified });
  return { report, checks, names, federation };
}

function roundSeconds(options: DemoOptions): number {
  const { collectMax, proposeSlot, voteWindow, voteGrace } = profileFor(options).parameters;
  // Every miner beyond the first two has a slot of its own, in case the others fail.
  return collectMax + proposeSlot * (options.miners - 1) + voteWindow + voteGrace;
}

/** Clients end by themselves once the last round is final and claimed. */
async function waitForClients({ options, supervisor, display, signal }: Run): Promise<void> {
  display.line("waiting until all rounds are final and claimed");
  const isClient = ({ name }: RunningProcess) => name.startsWith("client-");
  while (supervisor.running().some(isClient)) {
    signal.throwIfAborted();
    supervisor.check();
    await sleep(POLL_MS);
  }
  for (let index = 1; index <= options.clients; index++) await supervisor.waitForExit(`client-${index}`);
}

async function saveReport({ options, started }: Run, observer: Observer): Promise<Report> {
  const report = parseReport(await observer.report((Date.now() - started) / 1000));
  writeFileSync(join(options.out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

function namesOf({ miners, clients }: DemoFederation): Names {
  const named = (kind: string, users: DemoFederation["miners"]) =>
    users.map(({ wallet }, i) => [wallet.address.toLowerCase(), `${kind} ${i + 1}`] as const);
  return Object.fromEntries([...named("miner", miners), ...named("client", clients)]);
}

async function keep({ options, supervisor }: Run, federation: DemoFederation): Promise<Kept> {
  const explorer = await startExplorer(options, supervisor, federation);
  const names = ["chain", ...federation.miners.map((_, i) => `miner-${i + 1}`), "explorer"];
  const processes = supervisor.running().filter(({ name }) => names.includes(name));
  recordKept(options.out, processes);
  supervisor.release(names);
  return { processes, explorer };
}
