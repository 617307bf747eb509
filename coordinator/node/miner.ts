import { sameHex } from "../protocol/bytes.ts";
import { countedCode, isQuorateError, QuorateError } from "../protocol/errors.ts";
import { candidateId } from "../protocol/round/messages.ts";
import { createAnswerer } from "./answerer.ts";
import { createBases } from "./bases.ts";
import { type Bell, createBell } from "./concurrency.ts";
import { createDriver, type Driver } from "./driver.ts";
import { createFreezer, type Freezer } from "./freezer.ts";
import { createJobs } from "./jobs.ts";
import { createJudge } from "./judge.ts";
import { createManifestExchange } from "./manifest-exchange.ts";
import { createProgress, placedLogger } from "./progress.ts";
import { createProposer } from "./proposer.ts";
import { createResults } from "./results.ts";
import { createRetention } from "./retention.ts";
import { createRoundWatch, minerOf, type RoundWatch } from "./round-watch.ts";
import { createService } from "./service.ts";
import { createSettler } from "./settler.ts";
import { createSigningRoom } from "./signing.ts";
import { type MinerState, placeOf, statusOf } from "./status.ts";
import { timingsOf } from "./timings.ts";
import type { Emit, Miner, MinerDeps, MinerEvent, MinerStatus } from "./types.ts";
import { createUpdatePool } from "./update-pool.ts";
import { createVotePool } from "./vote-pool.ts";
import { createVoter } from "./voter.ts";

const POLL_MS = 250;
const LAST_BACKOFF_MS = 5_000;

/** The parts of one miner. */
interface Parts extends MinerState {
  readonly driver: Driver;
  readonly service: Miner["service"];
}

interface Shared {
  readonly bell: Bell;
  readonly emit: Emit;
  readonly report: (error: unknown, doing: string) => void;
}

/**
 * A miner: collects updates, proposes, votes and settles, until it is stopped. All it knows is on the chain, in its
 * store and in its journal, so stopping it at any point and creating it again is a replay.
 */
export function createMiner(deps: MinerDeps): Miner {
  const { clock, config, metrics } = deps;
  const logger = placedLogger(deps.logger, () => placeOf(parts));
  const listeners = new Set<(event: MinerEvent) => void>();
  const health = { rpc: "ok" as MinerStatus["rpc"], lastError: null as string | null };
  const bell = createBell(clock);
  const emit: Emit = (event) => {
    logger.info(event, event.kind);
    for (const listener of listeners) listener(event);
  };
  const report: Shared["report"] = (error, doing) => {
    const code = isQuorateError(error) ? error.code : "INTERNAL";
    const { message } = error as Error;
    const line = `${doing.split(":")[0]}: ${code}: ${message}`;
    // The same trouble over and over is one line, not one per attempt.
    logger[health.lastError === line ? "debug" : "warn"]({ doing, code, error: message }, "trying again");
    health.lastError = line;
    metrics?.failure(doing.split(":")[0]!, countedCode(error));
  };
  const parts = assemble({ ...deps, logger }, { bell, emit, report });
  const progress = createProgress({ clock, logger, metrics });
  let running:
    | { readonly stop: AbortController; readonly started: Promise<{ loop: Promise<void> }> }
    | undefined;

  const loop = async (signal: AbortSignal): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await parts.driver.step(signal);
        failures = 0;
        health.rpc = "ok";
        metrics?.chainReachable(true);
        progress(placeOf(parts));
      } catch (error) {
        if (signal.aborted) break;
        failures++;
        if (isQuorateError(error, "RPC_UNREACHABLE")) {
          health.rpc = "unreachable";
          metrics?.chainReachable(false);
        }
        report(error, "reading the chain");
      }
      const pause = Math.min(LAST_BACKOFF_MS, (config.pollMs ?? POLL_MS) * 2 ** Math.min(failures, 10));
      await bell.wait(pause, signal).catch(() => undefined);
      // A ring must not turn a backoff into a busy loop.
      if (failures > 0) await clock.sleep(pause / 2, signal).catch(() => undefined);
    }
  };

  return {
    service: parts.service,
    async start() {
      if (!running) {
        const stop = new AbortController();
        const started = checkIdentity({ ...deps, logger }, parts.watch, stop.signal).then(async () => {
          await beginJournal({ ...deps, logger }, parts);
          return { loop: loop(stop.signal) };
        });
        running = { stop, started };
      }
      try {
        await running.started;
      } catch (error) {
        running = undefined;
        throw error;
      }
    },
    async stop() {
      if (!running) return;
      running.stop.abort(new Error("the miner was stopped"));
      // A start that was refused, or aborted here, has told whoever awaits it.
      await running.started.then(({ loop: ended }) => ended).catch(() => undefined);
      await parts.driver.stop();
      running = undefined;
    },
    status: () => statusOf(config.miner, parts, { running: running !== undefined, ...health }),
    on(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function assemble(deps: MinerDeps, { bell, emit, report }: Shared): Parts {
  const { config } = deps;
  const changed = () => bell.ring();
  const watch = createRoundWatch(deps);
  const signing = createSigningRoom({ ...deps, domain: deps.federation.federation.domain });
  const shared = { ...deps, miner: config.miner, watch, signing, emit, changed };
  const jobs = createJobs({ ...deps, ended: changed, failed: (key, error) => report(error, key) });
  const results = createResults({ ...deps, bases: createBases(deps) });
  const pool = createUpdatePool(shared);
  const votes = createVotePool(shared);
  const freezer = freezerOf(deps, { ...shared, pool });
  const exchange = createManifestExchange({ ...shared, pool, jobs, freezer });
  const proposer = createProposer({ ...shared, exchange, results });
  const judge = createJudge({
    ...deps,
    results,
    ownCandidate: (view) => {
      const own = signing.signedCandidate(view);
      return own && candidateId(own.message);
    },
  });
  const voter = createVoter({ ...shared, judge, votes });
  const settler = createSettler({ ...shared, votes });
  const retention = createRetention({ ...deps, signing });
  const answerer = createAnswerer({ ...shared, jobs });
  const work = { proposer, voter, settler, retention, answerer };
  const driver = createDriver({ ...shared, jobs, pool, votes, freezer, ...work });
  const service = createService({ ...shared, jobs, pool, votes, exchange, proposer, retention });
  return { watch, signing, pool, votes, driver, service };
}

function freezerOf(
  { ordering, config }: MinerDeps,
  shared: Omit<Parameters<typeof createFreezer>[0], "ordering" | "timings">,
): Freezer | undefined {
  const timings = () => timingsOf(shared.watch.latest()!.parameters, config.timings);
  return ordering && createFreezer({ ...shared, ordering, timings });
}

/** An empty journal was lost or is new: in a round that is open already this key may have signed what nobody here knows. */
async function beginJournal({ journal, logger }: MinerDeps, { watch, signing }: MinerState): Promise<void> {
  if (!journal.isEmpty()) return;
  const view = watch.latest()?.view;
  const open = view?.status === "open" ? view : undefined;
  await signing.keepSilent(open);
  if (open)
    logger.warn(
      { round: String(open.round) },
      "the journal is empty: nothing is signed in the round that is open",
    );
}

/** @throws QuorateError MINER_UNKNOWN, KEY_MISMATCH */
async function checkIdentity(deps: MinerDeps, watch: RoundWatch, signal: AbortSignal): Promise<void> {
  const { clock, config, signer, logger } = deps;
  for (let pause = 250; ; pause = Math.min(LAST_BACKOFF_MS, pause * 2)) {
    try {
      await watch.refresh();
      break;
    } catch (error) {
      if (!isQuorateError(error, "RPC_UNREACHABLE")) throw error;
      logger.warn({ code: error.code, error: error.message }, "waiting for the chain");
      await clock.sleep(pause, signal);
    }
  }
  const record = minerOf(watch.latest()!, config.miner);
  if (!record)
    throw new QuorateError("MINER_UNKNOWN", `${config.miner} has no stake in this federation: stake first`, {
      miner: config.miner,
    });
  if (!sameHex(record.key, signer.address))
    throw new QuorateError(
      "KEY_MISMATCH",
      `this node signs with ${signer.address}, but miner ${config.miner} registered the voting key ${record.key}`,
      { miner: config.miner, key: signer.address, registered: record.key },
    );
}
