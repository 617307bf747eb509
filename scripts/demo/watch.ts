import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { QuorateReader } from "../../coordinator/adapters/chain/reader.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import type { Display } from "./display.ts";
import { LogFollower } from "./log-follower.ts";
import type { Supervisor } from "./supervisor.ts";
import { tail } from "./supervisor.ts";

const POLL_MS = 300;
/** A round that takes so much longer than its own deadlines is stuck. */
const PATIENCE_MS = 120_000;
/** Parts of a round on its bar: training and uploading, proposing, voting. */
const SHARE = { collect: 0.6, propose: 0.8, vote: 0.95 } as const;

/** Why clients' updates were refused, by the client's number from 0. */
export type Refusals = ReadonlyMap<number, string>;

export interface WatchOptions {
  readonly chain: QuorateReader;
  readonly supervisor: Supervisor;
  readonly display: Display;
  readonly logsFolder: string;
  readonly clients: number;
  /** Seconds that a round's own deadlines add up to. */
  readonly roundSeconds: number;
  /** The last round to wait for. */
  readonly rounds: number;
  readonly signal: AbortSignal;
  /** Called with each round that has ended, in order, and who was refused in it. */
  readonly onEnded: (record: RoundRecord, refusals: Refusals) => Promise<void>;
}

/**
 * Follows the rounds on chain and the clients' logs until the last round is over.
 * @throws QuorateError ROUND_STUCK, PROCESS_ENDED
 */
export async function watchRounds(options: WatchOptions): Promise<void> {
  const training = followTraining(options);
  let next = 1n;
  let since = Date.now();
  while (next <= BigInt(options.rounds)) {
    options.signal.throwIfAborted();
    options.supervisor.check();
    const view = await options.chain.view();
    const record = view.rounds.get(next);
    training.update();
    if (record?.ended) {
      options.display.round(Number(next), record.status, 1);
      await options.onEnded(record, training.refusals(next));
      next += 1n;
      since = Date.now();
      training.reset();
      continue;
    }
    options.display.round(Number(next), ...stage(record, training, options.clients));
    if (Date.now() - since > timeoutOf(options)) throw stuck(options, next);
    await sleep(POLL_MS);
  }
}

interface Training {
  readonly submitted: () => number;
  readonly done: () => number;
  readonly refusals: (round: bigint) => Refusals;
  readonly update: () => void;
  readonly reset: () => void;
}

/** Reads what the clients report of their training, uploads and refusals. */
function followTraining({ clients, logsFolder, display }: WatchOptions): Training {
  const followers = Array.from(
    { length: clients },
    (_, i) => new LogFollower(join(logsFolder, `client-${i + 1}.log`)),
  );
  const parts = new Map<number, number>();
  const submitted = new Set<number>();
  /** By round: a client may already be at the next one. */
  const refused = new Map<string, Map<number, string>>();
  return {
    submitted: () => submitted.size,
    refusals: (round) => refused.get(String(round)) ?? new Map(),
    done: () => [...parts.values()].reduce((sum, part) => sum + part, 0) / clients,
    update() {
      for (const [index, follower] of followers.entries())
        for (const { event, done, total, round, codes } of follower.read()) {
          if (event === "submitted") submitted.add(index);
          if (event === "refused") {
            const ofRound = refused.get(String(round)) ?? new Map();
            refused.set(String(round), ofRound.set(index, String(codes)));
          }
          if (event !== "training") continue;
          parts.set(index, Number(done) / Number(total));
          display.training(`client ${index + 1}`, Number(done), Number(total));
        }
    },
    reset() {
      parts.clear();
      submitted.clear();
    },
  };
}

function stage(record: RoundRecord | undefined, training: Training, clients: number): [string, number] {
  if (!record) return ["waiting to open", 0];
  if (record.candidates.length > 0) return ["vote and settle", SHARE.vote];
  if (training.submitted() >= clients) return ["propose", SHARE.propose];
  if (training.submitted() === 0) return ["train", SHARE.collect * training.done()];
  return [`collect, ${training.submitted()} of ${clients} updates`, SHARE.collect * training.done()];
}

function timeoutOf({ roundSeconds }: WatchOptions): number {
  return roundSeconds * 1_000 + PATIENCE_MS;
}

function stuck(options: WatchOptions, round: bigint): QuorateError {
  const log = join(options.logsFolder, "miner-1.log");
  return new QuorateError(
    "ROUND_STUCK",
    `round ${round} did not end within ${timeoutOf(options) / 1000} s; the end of ${log}:\n${tail(log)}`,
    { round },
  );
}
