import type { ChainHistory } from "../ports/chain-history.ts";
import type { Challenger } from "../ports/challenges.ts";
import type { EvidenceBook } from "../ports/evidence.ts";
import type { Recoverer } from "../ports/signer.ts";
import type { Hex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { CandidateRecord, RoundRecord } from "../protocol/views/federation-view.ts";
import { challengeOf } from "./challenge.ts";
import { contestable } from "./contestable.ts";
import { describedFault, type Fault, type FaultSearch, findFault } from "./find-fault.ts";
import { createMinerWatch, type MinerWatchEvent } from "./watch-miners.ts";

/** What a watchtower tells about one candidate, or one miner. */
export type WatchEvent =
  | MinerWatchEvent
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

export function createWatch(deps: WatchDeps): Watch {
  const closed = new Set<string>();
  const inspectMiners = createMinerWatch(deps);

  const inspectOne = async (record: RoundRecord, posted: CandidateRecord): Promise<void> => {
    const about = { round: record.round, candidate: posted.id };
    const key = `${record.openingHash} ${posted.id}`;
    try {
      const fault = await findFault(deps, posted.candidate);
      if (!fault) {
        closed.add(key);
        deps.emit({ kind: "right", ...about });
        return;
      }
      deps.emit({ kind: "wrong", ...about, ...describedFault(fault) });
      if (deps.challenger) {
        const { challenger, chain } = deps;
        const challenge = await challengeOf(chain, { record, posted, fault }, challenger.account);
        const { committed, proven, bounty } = await challenger.prove(challenge);
        const gas = committed.gasUsed + proven.gasUsed;
        deps.emit({ kind: "proven", ...about, transaction: proven.hash, gas, bounty });
      }
      closed.add(key);
    } catch (error) {
      if (!isQuorateError(error)) throw error;
      if (CLOSED.includes(error.code)) closed.add(key);
      deps.emit({ kind: "unproven", ...about, code: error.code, message: error.message });
    }
  };

  return {
    async inspect(now) {
      const view = await deps.chain.view();
      const open = contestable(view, now).filter(
        ([record, posted]) => !closed.has(`${record.openingHash} ${posted.id}`),
      );
      for (const [record, posted] of open) await inspectOne(record, posted);
      await inspectMiners(view, now);
      return open.length;
    },
  };
}
