import type { ChainHistory } from "../ports/chain-history.ts";
import type { Challenger, Proven } from "../ports/challenges.ts";
import type { EvidenceBook } from "../ports/evidence.ts";
import type { Recoverer } from "../ports/signer.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { OnceKind } from "../protocol/faults/contradiction.ts";
import { reasonName } from "../protocol/round/messages.ts";
import type { FederationView } from "../protocol/views/federation-view.ts";
import { createChainSightings } from "./chain-sightings.ts";
import { contestable } from "./contestable.ts";
import { doubleSignatures, proveDouble } from "./double-signatures.ts";
import type { FaultSearch } from "./find-fault.ts";
import { checkableNoes, findRefutation } from "./refuted-noes.ts";

/** What a watchtower tells about what a miner signed. */
export type MinerWatchEvent =
  | {
      readonly kind: "double-signature";
      readonly round: bigint;
      readonly miner: Hex;
      readonly message: OnceKind;
    }
  | {
      readonly kind: "false-no";
      readonly round: bigint;
      readonly miner: Hex;
      readonly candidate: Hex;
      /** What the no names, which is right: a coordinate or a reference. */
      readonly reason: string;
      readonly index: bigint;
    }
  | {
      readonly kind: "punished";
      readonly round: bigint;
      readonly miner: Hex;
      readonly transaction: Hex;
      /** Of commitment and proof. */
      readonly gas: bigint;
      /** In the token's smallest unit. */
      readonly bounty: bigint;
    }
  | {
      readonly kind: "unpunished";
      readonly round: bigint;
      readonly miner: Hex;
      readonly code: string;
      readonly message: string;
    };

export interface MinerWatchDeps extends FaultSearch {
  readonly chain: ChainHistory;
  readonly recoverer: Recoverer;
  readonly evidence: EvidenceBook;
  /** Absent: only look. */
  readonly challenger?: Challenger;
  readonly emit: (event: MinerWatchEvent) => void;
}

/** Tries that may fail for a reason that passes: a node that is away, a file nobody serves now. Each commits anew. */
const MOST_TRIES = 3;

interface Case {
  readonly key: string;
  readonly round: bigint;
  readonly miner: Hex;
  /** Tells of the fault, once; undefined if there is none. */
  readonly look: () => Promise<{ readonly tell: MinerWatchEvent; readonly file: File } | undefined>;
}
type File = (challenger: Challenger) => Promise<Proven>;

/**
 * Looks for keys that signed two messages where one is allowed, and for noes that name what is right, on chain and in
 * the evidence; each until its case is closed.
 */
export function createMinerWatch(deps: MinerWatchDeps): (view: FederationView, now: number) => Promise<void> {
  const { evidence, challenger, emit } = deps;
  const sightings = createChainSightings(deps);
  const tries = new Map<string, number>();
  const closed = new Set<string>();

  const work = async ({ key, round, miner, look }: Case): Promise<void> => {
    if (closed.has(key) || (challenger && sameHex(miner, challenger.account))) return;
    const attempt = (tries.get(key) ?? 0) + 1;
    tries.set(key, attempt);
    try {
      const found = await look();
      if (found && attempt === 1) emit(found.tell);
      if (found && challenger) {
        const { gas, proven, bounty } = await found.file(challenger);
        emit({ kind: "punished", round, miner, transaction: proven.hash, gas, bounty });
      }
      closed.add(key);
    } catch (error) {
      if (!isQuorateError(error)) throw error;
      if (attempt >= MOST_TRIES || error.code === "ALREADY_PUNISHED") closed.add(key);
      emit({ kind: "unpunished", round, miner, code: error.code, message: error.message });
    }
  };

  const doubles = (view: FederationView): Case[] =>
    doubleSignatures(evidence, view).map((double) => {
      const { miner, kind: message, found } = double;
      const { round } = found.first.message;
      return {
        key: `${miner} ${found.first.signature} ${found.second.signature}`,
        round,
        miner,
        look: async () => ({
          tell: { kind: "double-signature", round, miner, message },
          file: (by) => proveDouble(by, double),
        }),
      };
    });

  const noes = (view: FederationView, now: number): Case[] =>
    contestable(view, now).flatMap(([record, posted]) =>
      checkableNoes(evidence, record, posted).map((no): Case => {
        const { miner, vote, signature } = no;
        const { round } = record;
        const told = { round, miner, candidate: posted.id, reason: reasonName(vote.reason) };
        return {
          key: signature,
          round,
          miner,
          async look() {
            const refutation = await findRefutation(deps, { record, posted }, no);
            if (!refutation) return undefined;
            const tell = { kind: "false-no" as const, ...told, index: vote.reasonIndex };
            return { tell, file: (by) => by.refute(refutation) };
          },
        };
      }),
    );

  return async (view, now) => {
    for (const record of new Set(contestable(view, now).map(([record]) => record))) await sightings(record);
    for (const each of [...doubles(view), ...noes(view, now)]) await work(each);
  };
}
