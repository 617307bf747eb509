import type { MinerRecord, RoundView } from "../ports/chain.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { type Duty, dutiesOf, type MinerFacts } from "../protocol/round/duties.ts";
import type { Answerer } from "./answerer.ts";
import { createAttendance } from "./attendance.ts";
import type { Freezer } from "./freezer.ts";
import type { Jobs } from "./jobs.ts";
import { createPauses } from "./pauses.ts";
import type { Proposer } from "./proposer.ts";
import type { Retention } from "./retention.ts";
import { minerOf, type RoundWatch, roundName, type Snapshot, votersOf } from "./round-watch.ts";
import type { Settler } from "./settler.ts";
import { isWithheldNo, type SigningRoom } from "./signing.ts";
import { timingsOf } from "./timings.ts";
import type { Emit, MinerDeps } from "./types.ts";
import { countable, type UpdatePool } from "./update-pool.ts";
import type { VotePool } from "./vote-pool.ts";
import type { Voter } from "./voter.ts";

/** Turns what the chain says into jobs. */
export interface Driver {
  /** Reads the chain once and starts what is due. @throws QuorateError RPC_UNREACHABLE */
  step(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

type DriverDeps = Pick<MinerDeps, "chain" | "clock" | "logger" | "config"> & {
  readonly watch: RoundWatch;
  readonly jobs: Jobs;
  readonly pool: UpdatePool;
  readonly votes: VotePool;
  readonly signing: SigningRoom;
  readonly proposer: Proposer;
  readonly voter: Voter;
  readonly settler: Settler;
  readonly retention: Retention;
  readonly answerer: Answerer;
  readonly freezer: Freezer | undefined;
  readonly emit: Emit;
};

/** Duties that sign something of which a second one is a fault. */
const SIGNS: readonly Duty["kind"][] = ["propose", "vote", "castVote"];

export function createDriver(deps: DriverDeps): Driver {
  const { watch, jobs, pool, voter, clock, config } = deps;
  let current: string | undefined;
  /** Host time at which a duty first was due, milliseconds; forgotten with the round. */
  const dueSince = new Map<string, number>();
  const attendance = createAttendance(deps);
  const pauses = createPauses(deps);

  const enter = async (view: RoundView | undefined, signal: AbortSignal): Promise<void> => {
    const name = view ? `${roundName(view)}:${view.status}` : "none";
    if (name === current) return;
    jobs.clear();
    dueSince.clear();
    if (view) {
      if (current === undefined) await deps.retention.restore(view, signal);
      if (view.status === "open") await pool.restore(view);
      if (view.round > 1n || view.status !== "open") keepFiles(view);
      deps.emit({ kind: "round", round: String(view.round), status: view.status });
    }
    current = name;
  };

  const keepFiles = (view: RoundView): void => {
    const ended = view.status === "open" ? view.round - 1n : view.round;
    jobs.ensure(`keep:${ended}`, async (signal) =>
      deps.retention.ended(await deps.chain.round(ended), signal),
    );
  };

  const run = (duty: Duty): void => {
    const { proposer, settler } = deps;
    if (duty.kind === "propose")
      jobs.ensure("propose", (signal) => proposer.propose(duty.role, signal), true);
    else if (duty.kind === "vote")
      jobs.ensure(`vote:${duty.candidate}`, (signal) => voter.vote(duty.candidate, signal));
    else if (duty.kind === "castVote")
      jobs.ensure(`cast:${duty.candidate}`, () => voter.castVote(duty.candidate), true);
    else if (waited(duty.kind, duty.wait)) jobs.ensure(duty.kind, () => settler[duty.kind](), true);
  };

  const waited = (kind: string, seconds: number): boolean => {
    const since = dueSince.get(kind) ?? clock.now();
    dueSince.set(kind, since);
    return clock.now() >= since + seconds * 1_000;
  };

  return {
    async step(signal) {
      const snapshot = await watch.refresh();
      await enter(snapshot.view, signal);
      const { staggerMs, stragglersMs } = timingsOf(snapshot.parameters, config.timings);
      const turn = (key: string) => waited(key, (turnOf(snapshot, config.miner) * staggerMs) / 1_000);
      if (pauses.step(snapshot, jobs, turn)) return;
      // Stake answers for what was signed, with a seat and without one.
      await deps.answerer.step(snapshot);
      if (snapshot.view?.status === "open") {
        voter.exchange(snapshot, jobs);
        deps.freezer?.step(snapshot.view, jobs);
      }
      if (snapshot.view?.status === "open" && snapshot.view.standsOn?.length)
        jobs.ensure("ratify", (stopped) => voter.ratify(stopped));
      const timings = { stagger: staggerMs / 1_000, stragglers: stragglersMs / 1_000 };
      attendance.step(snapshot, jobs, turn);
      const self = minerOf(snapshot, config.miner);
      if (!self) return;
      const duties = takesPart(self, snapshot)
        ? dutiesOf(snapshot.view, factsOf(deps, snapshot), timings)
        : returning(self, snapshot, timings.stagger);
      // What is not due any more starts its wait anew should it become due again.
      for (const kind of dueSince.keys())
        if (!kind.includes(":") && !duties.some((duty) => duty.kind === kind)) dueSince.delete(kind);
      const silent = snapshot.view?.status === "open" && deps.signing.isSilent(snapshot.view);
      for (const duty of duties) if (!silent || !SIGNS.includes(duty.kind)) run(duty);
    },
    async stop() {
      jobs.clear();
      await jobs.idle();
    },
  };
}

/** Seated in the open round; while none is open, in the one that could open. */
function takesPart(record: MinerRecord, { view }: Snapshot): boolean {
  return view?.status === "open" ? record.active : (record.activeNext ?? record.active);
}

/** Position among those that take part, by address. */
function turnOf(snapshot: Snapshot, self: Hex): number {
  const active = snapshot.miners.filter((record) => takesPart(record, snapshot));
  return Math.max(
    0,
    active.findIndex(({ miner }) => sameHex(miner, self)),
  );
}

/** Whose round a lone miner should leave, but has not: it may be gone. */
function returning(self: MinerRecord, snapshot: Snapshot, wait: number): Duty[] {
  const waits = snapshot.view?.status === "open" && self.activeNext === true && !self.active;
  return waits && votersOf(snapshot).length === 1 ? [{ kind: "failRound", wait }] : [];
}

function factsOf(deps: DriverDeps, snapshot: Snapshot): MinerFacts {
  const { view } = snapshot;
  const { config, watch, pool, votes, signing, voter } = deps;
  const voters = votersOf(snapshot);
  const candidates = view?.candidates ?? [];
  const voted = (miner: (typeof voters)[number]["miner"]) =>
    view !== undefined && candidates.every(({ id }) => votes.voteOf(view, miner, id) !== undefined);
  const ownVotes = candidates.flatMap(({ id }) => {
    const own = view && signing.signedVote(view, id);
    return own ? [[id.toLowerCase(), own.message] as const] : [];
  });
  const outcomes = candidates.map(
    (posted) => [posted.id.toLowerCase(), votes.tallyOf(view!, posted, snapshot.miners).outcome] as const,
  );
  const replaceable = candidates.filter(({ id }) =>
    voters.some(({ miner }) => {
      const known = votes.voteOf(view!, miner, id);
      return known && isWithheldNo(known.vote);
    }),
  );
  const [first, ...more] = voters;
  return {
    self: config.miner,
    turn: turnOf(snapshot, config.miner),
    activeMiners: snapshot.miners.filter((record) => takesPart(record, snapshot)).length,
    alone: first !== undefined && more.length === 0 && sameHex(first.miner, config.miner),
    returning: snapshot.miners.some((record) => record.activeNext && !record.active),
    time: watch.time(),
    blockNumber: snapshot.blockNumber,
    updates: view ? countable(pool.list(view)) : 0,
    refusedUpload: view !== undefined && pool.refused(view),
    ownVotes: new Map(ownVotes),
    outcomes: new Map(outcomes),
    replaceable: new Set(replaceable.map(({ id }) => id.toLowerCase())),
    allVoted: voters.every(({ miner }) => voted(miner)),
    undelivered: view?.status === "open" ? voter.undelivered(snapshot) : new Set(),
  };
}
