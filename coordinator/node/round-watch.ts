import type { ChainParameters, ChainReader, MinerRecord, RoundView } from "../ports/chain.ts";
import type { Clock } from "../ports/clock.ts";
import { compareHex, type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { Pause } from "../protocol/views/federation-view.ts";

/** How long miners and parameters read within one round are trusted, milliseconds. */
const SLOW_READS_MS = 5_000;
/** A read this young answers a request without asking the chain again, milliseconds. */
const FRESH_MS = 1_000;

/** The chain as a miner last read it. */
export interface Snapshot {
  readonly view: RoundView | undefined;
  readonly miners: readonly MinerRecord[];
  readonly parameters: ChainParameters;
  readonly blockNumber: number;
  /** Host time of the reading, milliseconds. */
  readonly readAt: number;
  /** Timestamp of the pending block at the reading, seconds. */
  readonly pendingTime: number;
  /** null while the federation runs. */
  readonly pause: Pause | null;
}

/** Keeps the newest reading of the chain. */
export interface RoundWatch {
  /** Reads the chain. Calls at the same time share one reading. @throws QuorateError RPC_UNREACHABLE */
  refresh(): Promise<Snapshot>;
  /**
   * A reading younger than a second, or a new one. With `shows`, also a new one if the old doesn't show something that
   * whoever asks may have seen on the chain already.
   */
  fresh(shows?: (view: RoundView | undefined) => boolean): Promise<Snapshot>;
  latest(): Snapshot | undefined;
  /** Time the next block would carry by the newest reading and the host's clock, seconds. Stands still in a pause. */
  time(): number;
}

export function createRoundWatch(deps: { readonly chain: ChainReader; readonly clock: Clock }): RoundWatch {
  const { chain, clock } = deps;
  let latest: Snapshot | undefined;
  let slowReads: { readonly round: string; readonly at: number } | undefined;
  let reading: Promise<Snapshot> | undefined;

  const read = async (): Promise<Snapshot> => {
    const [view, pendingTime, pause] = await Promise.all([
      chain.currentRound(),
      chain.pendingTime(),
      chain.pause(),
    ]);
    const readAt = clock.now();
    const round = view ? `${view.round}:${view.status}` : "";
    const stale = !latest || slowReads?.round !== round || readAt - slowReads.at > SLOW_READS_MS;
    if (latest && !stale) {
      latest = { ...latest, view, pendingTime, pause, readAt };
      return latest;
    }
    const [miners, parameters, block] = await Promise.all([
      chain.miners(),
      chain.parameters(),
      chain.latestBlock(),
    ]);
    slowReads = { round, at: readAt };
    latest = { view, miners, parameters, blockNumber: block.number, pendingTime, pause, readAt };
    return latest;
  };

  const refresh = () => {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  };

  return {
    refresh,
    fresh: async (shows = () => true) => {
      const recent = latest && clock.now() - latest.readAt < FRESH_MS;
      return recent && shows(latest?.view) ? latest! : refresh();
    },
    latest: () => latest,
    time() {
      if (!latest) return 0;
      const { pause, pendingTime, readAt } = latest;
      return pause?.since ?? pendingTime + Math.max(0, Math.floor((clock.now() - readAt) / 1_000));
    },
  };
}

/** The open round of a reading. @throws QuorateError NO_OPEN_ROUND */
export function openRoundOf({ view }: Snapshot): RoundView {
  if (view?.status === "open") return view;
  throw new QuorateError(
    "NO_OPEN_ROUND",
    view ? `round ${view.round} is ${view.status} and the next is not open yet` : "no round was opened yet",
    { last: view ? String(view.round) : null },
  );
}

/** Miners whose weight counts in the round, ascending by address. */
export function votersOf({ miners }: Pick<Snapshot, "miners">): readonly MinerRecord[] {
  return miners
    .filter((record) => record.active && record.weight > 0n)
    .sort((a, b) => compareHex(a.miner, b.miner));
}

export function minerOf({ miners }: Pick<Snapshot, "miners">, miner: Hex): MinerRecord | undefined {
  return miners.find((record) => sameHex(record.miner, miner));
}

/** The newest reading of a round: a pause moves its deadlines. */
export function newestOf(watch: Pick<RoundWatch, "latest">, view: RoundView): RoundView {
  const latest = watch.latest()?.view;
  return latest && roundName(latest) === roundName(view) ? latest : view;
}

/** Names a round, whatever reorganisation of the chain it lives in. */
export function roundName(view: Pick<RoundView, "round" | "openingHash">): string {
  return `${view.round}:${view.openingHash.toLowerCase()}`;
}
