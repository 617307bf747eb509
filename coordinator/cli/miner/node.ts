import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createAggregationEngine } from "../../adapters/aggregation/engine.ts";
import type { QuorateWriter } from "../../adapters/chain/writer.ts";
import { createSystemClock } from "../../adapters/clock/system-clock.ts";
import { createPeerContent } from "../../adapters/content/peer-content.ts";
import { openEvidence } from "../../adapters/evidence/file-evidence.ts";
import { loadFederation } from "../../adapters/federation/load-federation.ts";
import { createHttpTransport } from "../../adapters/http/client.ts";
import { createMinerServer } from "../../adapters/http/server.ts";
import { createHeliaStore, type HeliaStore } from "../../adapters/ipfs/helia-store.ts";
import { openFileJournal } from "../../adapters/journal/file-journal.ts";
import { signerOf } from "../../adapters/keys/keystore.ts";
import { createRecoverer } from "../../adapters/keys/recover.ts";
import { createWasmEvaluator } from "../../adapters/learning/wasm-evaluator.ts";
import { createPinoLogger } from "../../adapters/logger/pino-logger.ts";
import { createMiner } from "../../node/miner.ts";
import type { Miner, MinerDeps } from "../../node/types.ts";
import type { MinerRecord } from "../../ports/chain.ts";
import type { ContentStore } from "../../ports/content-store.ts";
import type { LoadedFederation } from "../../ports/federation.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { MinerService } from "../../ports/transport.ts";
import { type Hex, sameHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Aggregator } from "../../protocol/round/recompute.ts";
import type { Cleanup } from "../cleanup.ts";
import type { Cli } from "../command.ts";
import { dataFolder, EVIDENCE_FILE, openWriter, sha256 } from "../connect.ts";
import type { Io } from "../io.ts";
import { chainTarget } from "../options.ts";
import { createReporter, type Report } from "../report-lines.ts";
import { untilServed } from "../retry.ts";
import { version } from "../version.ts";
import { type WatchLoop, watchLoop } from "../watch-loop.ts";
import { describeEvent } from "./events.ts";
import { followOutcomes, openMetrics } from "./metrics.ts";
import { openOrdering } from "./ordering.ts";
import type { MinerRunOptions } from "./run.ts";

/** Replaces parts of a node before it is made, or what it answers. */
export interface MinerChange {
  readonly deps?: (deps: MinerDeps) => MinerDeps;
  readonly service?: (service: MinerService, deps: MinerDeps) => MinerService;
}

/**
 * Composes a miner's node and starts it; `cleanup` stops it.
 * @param change makes it another miner; a fault, in a run that shows what comes of it
 */
export async function startMiner(
  options: MinerRunOptions,
  cli: Cli,
  cleanup: Cleanup,
  change: MinerChange = {},
): Promise<void> {
  const { io, signal } = cli;
  const folder = dataFolder(options);
  const report = createReporter(io, options.json === true);
  const clock = createSystemClock();
  const { chain, wallet, ledger } = await openWriter(options, io, cleanup);
  const record = await findMiner(chain, options.miner, wallet.address as Hex);
  const store = await openStore(options, { folder, io, cleanup });
  const transport = createHttpTransport();
  const content = createPeerContent({ store, transport, endpoints: () => otherEndpoints(chain, record) });
  const load = () => loadFederation({ chain, content, sha256, signal });
  const federation = await untilServed(load, { clock, signal, report });
  const journal = await openFileJournal(folder);
  cleanup.add(() => journal.close());
  const aggregator = await openAggregator(cleanup);
  const logger = createPinoLogger({ level: options.logLevel, name: "miner" });
  const config = configOf(options, record);
  const evidence = openEvidence(join(folder, EVIDENCE_FILE));
  const recoverer = createRecoverer();
  const own = { signer: signerOf(wallet), recoverer, journal, evidence, config };
  const { metrics, url } = await openMetrics(options, { chain, ledger, record }, cleanup);
  const beside = { cli, cleanup, chain, wallet, logger, report, metrics: metrics.replica };
  const ordering = await openOrdering(options, beside);
  const outside = { chain, store, content, transport, clock, logger, metrics, ...ordering };
  const evaluator = evaluatorOf(federation, cleanup);
  const miner = makeMiner({ ...own, ...outside, ...evaluator, aggregator, federation, sha256 }, change);
  const outcomes = followOutcomes({ chain, metrics, logger, report });
  await outcomes();
  miner.on(({ kind }) => void (kind === "round" && outcomes()));
  const { modelBytes } = federation;
  await serve(miner, { options, record, cleanup, report, modelBytes, metrics, metricsUrl: url });
  const shared = { chain, content, federation, aggregator, recoverer, evidence };
  if (options.watch) watchAlong({ ...shared, options, report, signal, cleanup, metrics, logger });
}

function makeMiner(honest: MinerDeps, change: MinerChange): Miner {
  const deps = change.deps?.(honest) ?? honest;
  const miner = createMiner(deps);
  return { ...miner, service: change.service?.(miner.service, deps) ?? miner.service };
}

function configOf({ retainRounds }: MinerRunOptions, { miner, endpoint }: MinerRecord) {
  return { miner, endpoint, version: version(), ...(retainRounds && { retainRounds }) };
}

/** Proves wrong what others posted, beside the node's own work. */
function watchAlong(
  parts: Omit<WatchLoop, "challenger" | "sha256" | "bonds"> & {
    readonly chain: QuorateWriter;
    readonly cleanup: Cleanup;
    readonly options: MinerRunOptions;
  },
): void {
  const stop = new AbortController();
  const signal = AbortSignal.any([parts.signal, stop.signal]);
  const { options, chain } = parts;
  const { bonds } = options;
  const running = watchLoop({ ...parts, bonds, signal, challenger: chain.challenger, sha256 });
  parts.cleanup.add(async () => {
    stop.abort();
    await running;
  });
}

/** The store, with the task's files in it if they are here, so that others can fetch them. */
async function openStore(
  options: MinerRunOptions,
  { folder, io, cleanup }: { readonly folder: string; readonly io: Io; readonly cleanup: Cleanup },
): Promise<HeliaStore> {
  const { listen, task } = options;
  const store = await createHeliaStore({ folder: join(folder, "blocks"), ...(listen && { listen }) });
  cleanup.add(() => store.stop());
  const taskFolder = task ?? chainTarget(options, io).taskFolder;
  if (taskFolder) await seedTask(store, taskFolder, task !== undefined);
  return store;
}

/** Opens the HTTP server, then lets the node work. */
async function serve(
  miner: Miner,
  context: {
    options: MinerRunOptions;
    record: MinerRecord;
    cleanup: Cleanup;
    report: Report;
    /** Every update is exactly as large as every other one of the architecture. */
    modelBytes: number;
    metrics: Metrics;
    metricsUrl: string | undefined;
  },
): Promise<void> {
  const { options, record, cleanup, report, modelBytes, metrics, metricsUrl } = context;
  const server = await createMinerServer({
    service: miner.service,
    host: options.host,
    port: options.port ?? portOf(record.endpoint),
    allowRemote: options.allowRemote === true,
    limits: { maxUploadBytes: modelBytes },
    logger: createPinoLogger({ level: options.logLevel, name: "http" }),
    metrics,
  });
  cleanup.add(() => server.stop());
  miner.on((event) => {
    const { kind, ...fields } = event;
    report(kind, fields, describeEvent(event));
  });
  await miner.start();
  cleanup.add(() => miner.stop());
  report(
    "listening",
    { miner: record.miner, url: server.url, endpoint: record.endpoint, ...(metricsUrl && { metricsUrl }) },
    `miner ${record.miner} listening at ${server.url}${metricsUrl ? `, metrics at ${metricsUrl}` : ""}`,
  );
}

/** The miner that votes with this key. */
async function findMiner(chain: QuorateWriter, identity: Hex | undefined, key: Hex): Promise<MinerRecord> {
  const miners = await chain.miners();
  const found = identity
    ? miners.find(({ miner }) => sameHex(miner, identity))
    : (miners.find((miner) => sameHex(miner.key, key)) ?? miners.find(({ miner }) => sameHex(miner, key)));
  if (found) return found;
  throw new QuorateError(
    "MINER_UNKNOWN",
    `${identity ?? key} is not a registered miner of this federation: stake first (quorate miner stake)`,
    { miner: identity, key },
  );
}

async function otherEndpoints(chain: QuorateWriter, own: MinerRecord): Promise<readonly string[]> {
  const miners = await chain.miners();
  return miners.filter((miner) => !sameHex(miner.miner, own.miner)).map(({ endpoint }) => endpoint);
}

async function seedTask(store: ContentStore, folder: string, required: boolean): Promise<void> {
  const paths = ["task.json", "validation.qrdata"].map((name) => join(folder, name));
  const missing = paths.find((path) => !existsSync(path));
  if (missing && required)
    throw new QuorateError("USAGE", `--task ${folder}: there is no ${missing}`, { folder });
  if (missing) return;
  for (const path of paths) await store.add(new Uint8Array(await readFile(path)));
}

function evaluatorOf(federation: LoadedFederation, cleanup: Cleanup) {
  if (!federation.validation) return {};
  const evaluator = createWasmEvaluator(federation.validation);
  cleanup.add(() => evaluator.stop());
  return { evaluator };
}

async function openAggregator(cleanup: Cleanup): Promise<Aggregator> {
  const engine = await createAggregationEngine();
  cleanup.add(() => engine.stop());
  return engine.aggregate;
}

/** The port of a registered endpoint; the server's own choice makes no sense, nobody would find it. */
function portOf(endpoint: string): number {
  const { port, protocol } = new URL(endpoint);
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
