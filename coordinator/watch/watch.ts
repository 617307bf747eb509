import type { ChainHistory } from "../ports/chain-history.ts";
import type { Challenger } from "../ports/challenges.ts";
import type { EvidenceBook } from "../ports/evidence.ts";
import type { Recoverer } from "../ports/signer.ts";
import type { Hex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { CandidateRecord, RoundRecord } from "../protocol/views/federation-view.ts";
import { type AccusedEvent, createAccuser } from "./accuse-left-out.ts";
import { challengeOf } from "./challenge.ts";
import { contestable, provenBps } from "./contestable.ts";
import { describedFault, type Fault, type FaultSearch, findFault } from "./find-fault.ts";
import { isMissing } from "./find-withheld.ts";
import { patientContent } from "./patient-content.ts";
import { createLeafWatch, type LeafWatchEvent } from "./watch-leaves.ts";
import { createMinerWatch, type MinerWatchEvent } from "./watch-miners.ts";

/** What a watchtower tells about one candidate, or one miner. */
export type WatchEvent =
  | MinerWatchEvent
  | LeafWatchEvent
  | AccusedEvent
  | { readonly kind: "right"; readonly round: bigint; readonly candidate: Hex }
  | {
      readonly kind: "wrong";
      readonly round: bigint;
      readonly candidate: Hex;
      /** A coordinate's or a manifest entry's. */
      readonly verdict: Fault["verdict"];
      readonly coordinate: number;
      /** Place of the entry in the manifest. */
      readonly entry?: number;
    }
  | {
      readonly kind: "proven";
      readonly round: bigint;
      readonly candidate: Hex;
      readonly transaction: Hex;
      /** Of commitment and proof. */
      readonly gas: bigint;
      /** In the token's smallest unit. */
      readonly bounty: bigint;
    }
  /** Not looked at, or not proven: a file nobody serves, or somebody else was first. Tried again unless it cannot change. */
  | {
      readonly kind: "unproven";
      readonly round: bigint;
      readonly candidate: Hex;
      readonly code: string;
      readonly message: string;
    };

export interface WatchDeps extends FaultSearch {
  /** Most own bonds open or lost at any time, for asking for data nobody serves; 0 or absent: never ask. */
  readonly bonds?: number;
  readonly chain: ChainHistory;
  readonly recoverer: Recoverer;
  /** What miners signed, as far as it was seen off chain; what is on chain is added to it. */
  readonly evidence: EvidenceBook;
  /** Absent: only look. */
  readonly challenger?: Challenger;
  readonly emit: (event: WatchEvent) => void;
}

/** Looks at every candidate that can still be contested, each until its case is closed. */
export interface Watch {
  /** One pass; resolves with the candidates looked at. */
  inspect(now: number): Promise<number>;
  /** True if another pass may bring more though no block came: a request runs, or data is missing that may be asked for. */
  waiting(): boolean;
}

/** Refusals that the next pass would meet again. */
const CLOSED = [
  "ALREADY_PROVEN",
  "ALREADY_PUNISHED",
  "ALREADY_FINAL",
  "NOT_CONTESTABLE",
  "FAULT_RULE_NOT_PROVABLE",
  "FAULT_LIST",
  "NOBODY_TO_ACCUSE",
];

/** Of one file, milliseconds at most: half of a vote window, which is what voters wait, but no longer than this. */
const LONGEST_FETCH_MS = 60_000;
/** Rates of the contract, basis points: of what nobody shows, of a weight that only the exact test finds wrong, of the rest. */
const WITHHELD_BPS = 1_000;
const NOT_EXACT_BPS = 100;
const WRONG_BPS = 5_000;
/** Passes in a row that must miss a candidate's data before it is asked for. */
const MISSES = 2;

export function createWatch(options: WatchDeps): Watch {
  let fetchMs = LONGEST_FETCH_MS;
  const deps = { ...options, content: patientContent(options.content, () => fetchMs) };
  const closed = new Set<string>();
  const misses = new Map<string, number>();
  const told = new Map<string, string>();
  const leaves = createLeafWatch(deps);
  let waiting = false;
  const inspectMiners = createMinerWatch(deps);
  const { challenger } = deps;
  const accuseLeftOut = challenger && createAccuser({ ...deps, challenger });

  const inspectOne = async (record: RoundRecord, posted: CandidateRecord): Promise<void> => {
    const about = { round: record.round, candidate: posted.id };
    const key = `${record.openingHash} ${posted.id}`;
    try {
      const fault = await findFault(deps, posted.candidate);
      const known = provenBps(record, posted.id);
      if (!fault || rateOf(fault) <= known) {
        closed.add(key);
        if (known === 0) deps.emit({ kind: "right", ...about });
        return;
      }
      deps.emit({ kind: "wrong", ...about, ...describedFault(fault) });
      if (challenger) {
        const challenge = await challengeOf(deps, { record, posted, fault }, challenger.account);
        const { gas, proven, bounty } = await challenger.prove(challenge);
        deps.emit({ kind: "proven", ...about, transaction: proven.hash, gas, bounty });
      }
      closed.add(key);
    } catch (error) {
      if (!isQuorateError(error)) throw error;
      if (CLOSED.includes(error.code)) closed.add(key);
      // Told once: a pass may follow every second.
      if (told.get(key) !== error.code)
        deps.emit({ kind: "unproven", ...about, code: error.code, message: error.message });
      told.set(key, error.code);
      if (isMissing(error)) await miss(record, posted, key);
    }
  };

  /** Asks for what was missing again and again. */
  const miss = async (record: RoundRecord, posted: CandidateRecord, key: string): Promise<void> => {
    if (provenBps(record, posted.id) >= WITHHELD_BPS) closed.add(key);
    if (!challenger || !deps.bonds || closed.has(key)) return;
    waiting = true;
    misses.set(key, (misses.get(key) ?? 0) + 1);
    if (misses.get(key)! < MISSES) return;
    try {
      await leaves.ask(await deps.chain.recentView(), record, posted);
    } catch (error) {
      if (!isQuorateError(error)) throw error;
      const { code, message } = error;
      if (told.get(`${key} ask`) !== code)
        deps.emit({ kind: "undecided", round: record.round, candidate: posted.id, code, message });
      told.set(`${key} ask`, code);
    }
  };

  return {
    async inspect(now) {
      const view = await deps.chain.recentView();
      // Every proof would be refused, and no time runs out: what there is to do is there when it ends.
      if (view.pause) return 0;
      const voteWindow = Number(view.parameters?.voteWindow ?? 0n);
      fetchMs = Math.max(1_000, Math.min(LONGEST_FETCH_MS, voteWindow * 500));
      waiting = await leaves.decide(view, now);
      const open = contestable(view, now).filter(
        ([record, posted]) => !closed.has(`${record.openingHash} ${posted.id}`),
      );
      for (const [record, posted] of open) await inspectOne(record, posted);
      await inspectMiners(view, now);
      if (accuseLeftOut) await accuseLeftOut(await deps.chain.recentView());
      return open.length;
    },
    waiting: () => waiting,
  };
}

function rateOf({ verdict }: Fault): number {
  return verdict === "not-exact" ? NOT_EXACT_BPS : WRONG_BPS;
}
