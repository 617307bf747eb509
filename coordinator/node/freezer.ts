import type { RoundView } from "../ports/chain.ts";
import type { MinerTransport } from "../ports/transport.ts";
import { type Hex, sameHex, ZERO_HASH } from "../protocol/bytes.ts";
import { encodeOpen, FULL } from "../protocol/decisions/operations.ts";
import { encodeRoundUpdates, HOLDS_NONE, updates as updatesKind } from "../protocol/decisions/updates.ts";
import { signingAddress } from "../protocol/praft/address.ts";
import { collectOver, rankOf } from "../protocol/round/duties.ts";
import { canonicalUpdates, type SignedUpdate } from "../protocol/round/references.ts";
import { within } from "./concurrency.ts";
import type { Jobs } from "./jobs.ts";
import type { Ordering } from "./ordering.ts";
import { hashOf } from "./results.ts";
import { type FrozenSubjects, RoundTasks } from "./round-tasks.ts";
import { newestOf, type RoundWatch, roundName, votersOf } from "./round-watch.ts";
import type { NodeTimings } from "./timings.ts";
import type { Emit, MinerDeps } from "./types.ts";
import { bySubject, fewPerClient, subjectOf } from "./update-lists.ts";
import { countable, type UpdatePool } from "./update-pool.ts";

/** Members from which on a round's updates are frozen: with two, both propose, and the manifest exchange says as much. */
const LEAST_MEMBERS = 3;
/** Heights a task is open at first, and at most; an idle committee passes some twenty a second. */
const FIRST_HEIGHTS = 24;
const MOST_HEIGHTS = 1_536;
/** Tasks of one round a miner casts ballots in: anyone may open them. */
const MOST_BALLOTS = 8;
const LOOK_MS = 25;
/** Between proposers that would both open a task; and until an opening that did not come counts as lost. */
const TURN_MS = 300;
const LOST_MS = 2_000;

/** A round's updates as the committee froze them, all of them held here. */
export interface Frozen {
  readonly updates: readonly SignedUpdate[];
  /** True if the member with this voting key cast a ballot: what it held was counted. */
  balloted(key: Hex): boolean;
}

/** Freezes a round's updates by the committee, so that all miners go on with the same ones. */
export interface Freezer {
  /** Takes part in freezing the open round, as soon as this miner has collected or others have. */
  step(view: RoundView, jobs: Jobs): void;
  /** What was frozen; waits for it as long as updates of others are waited for. Undefined if it does not come. */
  of(view: RoundView, limits: FreezerLimits): Promise<Frozen | undefined>;
}

export interface FreezerLimits {
  readonly timings: Pick<NodeTimings, "fetchMs">;
  readonly signal: AbortSignal;
}

type FreezerDeps = Pick<MinerDeps, "clock" | "logger" | "config"> & {
  readonly transport: Pick<MinerTransport, "updates">;
  readonly ordering: Ordering;
  readonly timings: () => NodeTimings;
  readonly watch: RoundWatch;
  readonly pool: UpdatePool;
  readonly emit: Emit;
  readonly changed: () => void;
};

/** What this miner did in a round. */
interface Part {
  readonly round: string;
  opened: number;
  /** Where its newest own task ends, and when it was opened. */
  opensUntil: number;
  openedAt: number;
  readonly cast: Set<Hex>;
  readonly asked: Set<Hex>;
  frozen?: Promise<Frozen | undefined>;
}

export function createFreezer(deps: FreezerDeps): Freezer {
  const { clock, ordering, pool, watch } = deps;
  const tasks = new RoundTasks(ordering.scheme);
  let part: Part | undefined;
  ordering.follow((ordered) => {
    if (tasks.note(ordered)) deps.changed();
  });

  const partIn = (view: RoundView): Part => {
    const round = roundName(view);
    if (part?.round !== round)
      part = { round, opened: 0, opensUntil: 0, openedAt: 0, cast: new Set(), asked: new Set() };
    return part;
  };

  const usable = () => ordering.alive && ordering.committee.members.length >= LEAST_MEMBERS;
  const ready = (view: RoundView) => collectOver(view, countable(pool.list(view)), watch.time());

  /** What others hold of a round, a list of each; those who don't answer are passed over. */
  const askOthers = async (view: RoundView, { timings, signal }: FreezerLimits) => {
    const others = votersOf(await watch.fresh()).filter(({ miner }) => !sameHex(miner, deps.config.miner));
    const limits = { milliseconds: timings.fetchMs, signal };
    const answers = await Promise.allSettled(
      others.map(({ endpoint }) =>
        within(clock, limits, (limited) => deps.transport.updates(endpoint, view.round, limited)),
      ),
    );
    signal.throwIfAborted();
    const lists = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    return Promise.all(lists.map((updates) => pool.ofClients(updates, view)));
  };

  const obtain = (updates: readonly SignedUpdate[], { timings, signal }: FreezerLimits) =>
    pool.obtain(updates, { milliseconds: timings.fetchMs, signal });

  /** Somebody has collected what this miner may have missed. */
  const catchUp = async (view: RoundView, task: Hex, limits: FreezerLimits): Promise<void> => {
    const { asked } = partIn(view);
    if (asked.has(task) || asked.size >= MOST_BALLOTS) return;
    asked.add(task);
    const held = pool.list(view);
    // Of each list: no miner's entries keep out what another has of a client.
    const missing = (await askOthers(view, limits)).flatMap((updates) => fewPerClient(held, updates));
    await obtain(missing, limits);
  };

  const cast = (view: RoundView, task: Hex): void => {
    const held = pool.list(view).map(subjectOf);
    const ballots = (held.length > 0 ? held : [HOLDS_NONE]).map((subject) =>
      ordering.ballot({ task, subject, score: FULL, confidence: FULL, evidence: ZERO_HASH }),
    );
    ordering.order(
      roundName(view),
      ballots.filter((ballot) => ballot !== undefined),
    );
    partIn(view).cast.add(task);
  };

  const mayOpen = (view: RoundView, since: number): boolean => {
    const { opensUntil, openedAt } = partIn(view);
    const turn = rankOf(view, deps.config.miner);
    if (turn === undefined || clock.now() < since + turn * TURN_MS) return false;
    return ordering.height >= opensUntil || clock.now() >= openedAt + LOST_MS;
  };

  /** Height at which a task would end that this miner opened now: twice as many heights each time. */
  const nextEnd = (view: RoundView): number =>
    ordering.height + Math.min(MOST_HEIGHTS, FIRST_HEIGHTS * 2 ** partIn(view).opened);

  const open = (view: RoundView): void => {
    const mine = partIn(view);
    mine.opensUntil = nextEnd(view);
    mine.opened++;
    mine.openedAt = clock.now();
    const parameters = encodeRoundUpdates({ round: Number(view.round), openingHash: view.openingHash });
    const content = { kind: updatesKind.name, closeHeight: mine.opensUntil, salt: ZERO_HASH, parameters };
    ordering.order(roundName(view), [encodeOpen(content)]);
  };

  /** One look of who takes part; true once nothing is left to do. */
  const act = async (view: RoundView, since: number, limits: FreezerLimits): Promise<boolean> => {
    if (watch.time() > view.proposeUntil || view.candidates.length > 0) return true;
    if (!usable() || tasks.frozenOf(view) || partIn(view).cast.size >= MOST_BALLOTS) return true;
    ordering.look();
    const task = tasks.openOf(view, ordering.height);
    if (task && !ready(view)) await catchUp(view, task.id, limits);
    if (ready(view)) await pool.close(view);
    // Who holds none by now says so, and still takes what comes: a round that stays empty goes on with its first client.
    else if (!task || watch.time() < view.collectMaxUntil) return false;
    // Somebody else's may be one that holds up the round.
    const soon = task !== undefined && task.closeHeight <= nextEnd(view);
    if (!soon && mayOpen(view, since)) open(view);
    else if (task && !partIn(view).cast.has(task.id)) cast(view, task.id);
    return false;
  };

  /** The updates behind the subjects, all held; undefined if one can't be had. */
  const resolve = async (
    view: RoundView,
    { subjects, task, height }: FrozenSubjects,
    limits: FreezerLimits,
  ): Promise<Frozen | undefined> => {
    const found = new Map<Hex, SignedUpdate>();
    const look = async (updates: readonly SignedUpdate[]) => {
      const all = await bySubject(updates);
      return subjects.flatMap((subject) => (found.has(subject) ? [] : (all.get(subject) ?? [])));
    };
    const note = (valid: readonly SignedUpdate[]) => {
      for (const signed of valid) found.set(subjectOf(signed), signed);
    };
    note(await look(pool.list(view)));
    if (found.size < subjects.length) {
      const lists = await Promise.all((await askOthers(view, limits)).map(look));
      note(await obtain(lists.flat(), limits));
    }
    const round = String(view.round);
    if (subjects.length === 0 || found.size < subjects.length) {
      const counts = { frozen: subjects.length, held: found.size };
      deps.logger.warn({ round, task: task.id, ...counts }, "what was frozen is not to be had");
      return undefined;
    }
    const updates = canonicalUpdates([...found.values()]);
    const updatesHash = hashOf(updates);
    deps.emit({ kind: "frozen", round, updates: updates.length, updatesHash, task: task.id, height });
    const voters = [...task.voters].map((voter) => signingAddress(task.committee.members[voter]!.voteKey));
    return { updates, balloted: (key) => voters.some((voter) => sameHex(voter, key)) };
  };

  /** Once in a round, unless in vain. */
  const settle = async (view: RoundView, limits: FreezerLimits): Promise<Frozen | undefined> => {
    const subjects = tasks.frozenOf(view);
    const mine = partIn(view);
    if (!subjects) return undefined;
    mine.frozen ??= resolve(view, subjects, limits);
    const frozen = await mine.frozen.catch(() => undefined);
    if (!frozen) delete mine.frozen;
    return frozen;
  };

  return {
    step(view, jobs) {
      if (!usable() || view.candidates.length > 0) return;
      if (!ready(view) && !tasks.openOf(view, ordering.height)) return;
      jobs.ensure("freeze", async (signal) => {
        const since = clock.now();
        const limits = { timings: deps.timings(), signal };
        while (!(await act(newestOf(watch, view), since, limits))) await clock.sleep(LOOK_MS, signal);
        await settle(view, limits);
      });
    },

    async of(view, limits) {
      const end = clock.now() + limits.timings.fetchMs;
      while (usable() && !tasks.frozenOf(view) && clock.now() < end)
        await clock.sleep(LOOK_MS, limits.signal);
      return settle(view, limits);
    },
  };
}
