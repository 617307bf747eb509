import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { addTrace, type TransactionTrace } from "../../coordinator/protocol/ledger/attribute.ts";
import type { ChainEvent } from "../../coordinator/protocol/views/events.ts";
import { EMPTY_VIEW, type FederationView } from "../../coordinator/protocol/views/federation-view.ts";
import { foldEvents, forgetRounds } from "../../coordinator/protocol/views/fold.ts";
import type { Federation } from "./federation.ts";
import { decodeLogs, readLogs } from "./logs.ts";

/** Rounds held in full; older ones are read again when somebody looks at them. */
export const ROUNDS_HELD = 2_000;
/** A state to read older rounds from again is kept every so many rounds. */
const WAYPOINT_ROUNDS = 250;
/** Rounds a waypoint takes along, so that one that is open there is not lost. */
const WAYPOINT_OVERLAP = 8;
/** Blocks read at once. */
const BLOCKS_AT_ONCE = 4_000;
/** Transactions whose purpose is remembered, newest first. */
const TRACES_KEPT = 60_000;

/** One round in a few numbers: all that plots and long lists need of it. */
export interface RoundPoint {
  readonly round: number;
  readonly openedBlock: number;
  readonly endedBlock: number;
  readonly status: string;
  readonly ratioBps: number | null;
  readonly score: number | null;
}

interface Waypoint {
  readonly fromBlock: number;
  readonly round: bigint;
  readonly view: FederationView;
}

/** The federation's events, folded, and where reading stands. */
export interface History {
  view: FederationView;
  /** Last block that was folded; firstBlock − 1 before the first. */
  readTo: number;
  readonly points: Map<number, RoundPoint>;
  readonly traces: Map<Hex, TransactionTrace>;
  readonly waypoints: Waypoint[];
  events: number;
}

export function emptyHistory(federation: Federation): History {
  return {
    view: EMPTY_VIEW,
    readTo: federation.firstBlock - 1,
    points: new Map(),
    traces: new Map(),
    waypoints: [{ fromBlock: federation.firstBlock, round: 0n, view: EMPTY_VIEW }],
    events: 0,
  };
}

/** Reads and folds up to block `to`; `onProgress` is told the block reached. */
export async function advance(
  federation: Federation,
  history: History,
  to: number,
  onProgress: (block: number) => void,
): Promise<void> {
  while (history.readTo < to) {
    const end = Math.min(to, history.readTo + BLOCKS_AT_ONCE);
    const logs = await readLogs(federation, { from: history.readTo + 1, to: end });
    let held: ChainEvent[] = [];
    for await (const events of decodeLogs(federation, logs)) {
      // A block's events are folded together: a waypoint stands between two blocks.
      const all = [...held, ...events];
      const last = all.at(-1)?.block;
      held = all.filter(({ block }) => block === last);
      fold(
        history,
        all.filter(({ block }) => block !== last),
      );
      onProgress(last ?? end);
    }
    fold(history, held);
    history.readTo = end;
    onProgress(end);
  }
}

function fold(history: History, events: readonly ChainEvent[]): void {
  if (events.length === 0) return;
  history.view = forgetRounds(foldEvents(history.view, events), ROUNDS_HELD);
  history.events += events.length;
  const touched = new Set<bigint>();
  for (const event of events) {
    addTrace(history.traces, event);
    const { round } = event.args as { round?: bigint };
    if (round !== undefined) touched.add(round);
  }
  for (const round of touched) notePoint(history, round);
  for (const hash of history.traces.keys()) {
    if (history.traces.size <= TRACES_KEPT) break;
    history.traces.delete(hash);
  }
  const newest = history.waypoints.at(-1)!;
  if (history.view.latestRound >= newest.round + BigInt(WAYPOINT_ROUNDS))
    history.waypoints.push({
      fromBlock: events.at(-1)!.block + 1,
      round: history.view.latestRound,
      view: forgetRounds(history.view, WAYPOINT_OVERLAP),
    });
}

function notePoint({ view, points }: History, round: bigint): void {
  const record = view.rounds.get(round);
  if (!record) return;
  const won = record.candidates.find(({ id }) => id === record.winner);
  points.set(Number(round), {
    round: Number(round),
    openedBlock: record.opened.block,
    endedBlock: record.ended?.block ?? record.opened.block,
    status: record.status,
    ratioBps: record.ratioBps,
    score: won?.candidate.validationScore ?? null,
  });
}

/** Views of older rounds that were read again. */
const WINDOWS_KEPT = 3;
const windows = new Map<string, Promise<FederationView>>();

/**
 * The view as of some rounds after `round`, in which an older round is held in full. Claims made long after are not in
 * it.
 */
export function viewAround(federation: Federation, history: History, round: bigint): Promise<FederationView> {
  if (history.view.rounds.has(round)) return Promise.resolve(history.view);
  const index = history.waypoints.findLastIndex((waypoint) => waypoint.round < round);
  const start = history.waypoints[Math.max(0, index)]!;
  const key = `${federation.genesis} ${start.fromBlock}`;
  const known = windows.get(key);
  if (known) return known;
  const after = history.waypoints[index + 2] ?? history.waypoints[index + 1];
  const reading = readWindow(federation, start, (after?.fromBlock ?? history.readTo + 1) - 1);
  windows.set(key, reading);
  if (windows.size > WINDOWS_KEPT) windows.delete(windows.keys().next().value!);
  reading.catch(() => windows.delete(key));
  return reading;
}

async function readWindow(federation: Federation, start: Waypoint, to: number): Promise<FederationView> {
  let view = start.view;
  const logs = await readLogs(federation, { from: start.fromBlock, to });
  for await (const events of decodeLogs(federation, logs)) view = foldEvents(view, events);
  return view;
}

/** Blocks looked through, from the newest back, for the first rows to show; more of them where rounds are rare. */
const GLIMPSE_BLOCKS = 96;
const GLIMPSE_BLOCKS_MOST = 10_000;
/** Enough to fill what is seen first. */
const GLIMPSE_ROUNDS = 8;

/** What is read of them; seats and miners would need all that came before. */
const GLIMPSE_EVENTS = [
  "RoundOpened",
  "CandidatePosted",
  "CandidateCosigned",
  "VotesCounted",
  "RoundAgreed",
  "RoundFailed",
  "RoundReverted",
  "RoundVoided",
  "FederationPaused",
  "FederationResumed",
];

/**
 * The newest rounds without what came before them: seats and weights are not known in it, outcomes and contents are.
 * Shown until the whole history is read.
 */
export async function glimpse(
  federation: Federation,
  latest: number,
  parameters: FederationView["parameters"],
): Promise<FederationView> {
  for (let blocks = GLIMPSE_BLOCKS; ; blocks *= 5) {
    const view = await glimpseOf(federation, { from: latest - blocks, to: latest }, parameters);
    const all = latest - blocks <= federation.firstBlock || blocks >= GLIMPSE_BLOCKS_MOST;
    if (view.rounds.size >= GLIMPSE_ROUNDS || all) return view;
  }
}

async function glimpseOf(
  federation: Federation,
  range: { readonly from: number; readonly to: number },
  parameters: FederationView["parameters"],
): Promise<FederationView> {
  const from = Math.max(federation.firstBlock, range.from);
  const topics = GLIMPSE_EVENTS.map((name) => federation.abi.topicOf(name)!);
  const address = [federation.addresses.RoundConsensus!, federation.addresses.MinerRegistry!];
  const logs = await readLogs(federation, { from, to: range.to, address, topics: [topics] });
  let view: FederationView = { ...EMPTY_VIEW, parameters, nextParameters: parameters };
  for await (const events of decodeLogs(federation, logs)) view = foldEvents(view, events);
  return view;
}
