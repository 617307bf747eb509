import type { ChainHistory } from "../ports/chain-history.ts";
import type { Challenger } from "../ports/challenges.ts";
import type { Hex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { CandidateRecord, FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { challengeOf } from "./challenge.ts";
import { describedFault, type Fault, type FaultSearch, findFault } from "./find-fault.ts";

/** What a watchtower tells about one candidate. */
export type WatchEvent =
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
      readonly gas: bigint;
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
        const { proven } = await challenger.prove(challenge);
        deps.emit({ kind: "proven", ...about, transaction: proven.hash, gas: proven.gasUsed });
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
      const open = contestable(await deps.chain.view(), now).filter(
        ([record, posted]) => !closed.has(`${record.openingHash} ${posted.id}`),
      );
      for (const [record, posted] of open) await inspectOne(record, posted);
      return open.length;
    },
  };
}

/** Candidates of rounds that are neither final nor taken back and that nobody proved wrong yet, newest first. */
export function contestable(view: FederationView, now: number): [RoundRecord, CandidateRecord][] {
  return [...view.rounds.values()]
    .filter(({ status }) => status === "open" || status === "agreed" || status === "failed")
    .filter(({ finalAt }) => finalAt === null || now < finalAt)
    .flatMap((record) =>
      record.candidates
        .filter(({ id }) => !record.faults.some(({ candidate }) => candidate === id))
        .map((posted): [RoundRecord, CandidateRecord] => [record, posted]),
    )
    .reverse();
}
