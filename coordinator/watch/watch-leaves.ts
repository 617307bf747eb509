import type { ChainHistory } from "../ports/chain-history.ts";
import type { Challenger } from "../ports/challenges.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import { leafRequest, leafToAsk } from "../protocol/faults/leaf.ts";
import type { LeafRequestRecord } from "../protocol/views/dispute-records.ts";
import type { CandidateRecord, FederationView, RoundRecord } from "../protocol/views/federation-view.ts";
import { accusedOf, openingOf, type Witnesses } from "./challenge.ts";
import type { FaultSearch } from "./find-fault.ts";
import { findWithheld } from "./find-withheld.ts";

/** What a watchtower tells about data that nobody serves. */
export type LeafWatchEvent =
  | {
      readonly kind: "asked";
      readonly round: bigint;
      readonly candidate: Hex;
      /** Place of the update in the manifest; null: the candidate's own model. */
      readonly index: number | null;
      readonly leaf: number;
      readonly transaction: Hex;
      readonly gas: bigint;
    }
  /** Concluded: nobody showed it in time. */
  | {
      readonly kind: "withheld";
      readonly round: bigint;
      readonly candidate: Hex;
      readonly transaction: Hex;
      readonly gas: bigint;
    }
  | {
      readonly kind: "bond-released";
      readonly round: bigint;
      readonly candidate: Hex;
      readonly transaction: Hex;
    }
  | {
      readonly kind: "undecided";
      readonly round: bigint;
      readonly candidate: Hex;
      readonly code: string;
      readonly message: string;
    };

export interface LeafWatchDeps extends FaultSearch, Pick<Witnesses, "recoverer" | "evidence"> {
  readonly chain: ChainHistory;
  readonly challenger?: Challenger;
  /** Most own bonds open or lost at any time; 0 or absent: never ask. */
  readonly bonds?: number;
  readonly emit: (event: LeafWatchEvent) => void;
}

export interface LeafWatch {
  /** Asks for a leaf of what is missing of a candidate, if bonds allow it. */
  ask(view: FederationView, record: RoundRecord, posted: CandidateRecord): Promise<void>;
  /** Concludes requests whose time is over, takes own bonds back; true if any request is still open. */
  decide(view: FederationView, now: number): Promise<boolean>;
}

type Asked = readonly [RoundRecord, LeafRequestRecord];

/** Asks for data that nobody serves, with a bond, and sees the requests through. */
export function createLeafWatch(deps: LeafWatchDeps): LeafWatch {
  const { chain, challenger, emit, federation } = deps;
  const given = new Map<Hex, string>();

  const conclude = async (record: RoundRecord, asked: LeafRequestRecord): Promise<void> => {
    const posted = record.candidates.find(({ id }) => id === asked.candidate);
    if (!posted) return;
    const opening = { baseRoot: record.baseRoot, ...(await openingOf(chain, record)) };
    const accused = await accusedOf(deps, { record, posted }, challenger!.account);
    const sent = await challenger!.conclude({ request: requestOf(record, asked), opening, accused });
    const { hash: transaction, gasUsed: gas } = sent;
    emit({ kind: "withheld", round: record.round, candidate: posted.id, transaction, gas });
  };

  const release = async (record: RoundRecord, asked: LeafRequestRecord): Promise<void> => {
    const { hash: transaction } = await challenger!.release(requestOf(record, asked));
    emit({ kind: "bond-released", round: record.round, candidate: asked.candidate, transaction });
  };

  /** A refusal is told once; the next pass tries again, unless somebody else was first. */
  const attempt = async ([record, asked]: Asked, act: typeof conclude): Promise<void> => {
    try {
      await act(record, asked);
    } catch (error) {
      if (!isQuorateError(error)) throw error;
      const { code, message } = error;
      if (code === "NO_OPEN_REQUEST" || given.get(asked.id) === code) return;
      given.set(asked.id, code);
      emit({ kind: "undecided", round: record.round, candidate: asked.candidate, code, message });
    }
  };

  return {
    async ask(view, record, posted) {
      if (!challenger || !mayAsk(view, challenger.account, deps.bonds ?? 0)) return;
      const about = record.requests.filter(({ candidate }) => candidate === posted.id);
      // One at a time: the answer to one may bring the rest.
      if (about.some(({ state }) => state === "open")) return;
      const withheld = await findWithheld(deps, posted.candidate);
      if (!withheld) return;
      const { dimension } = federation.federation;
      const asker = challenger.account;
      const leaf = leafToAsk({ candidate: posted.id, asker, asked: about.length, dimension });
      // A leaf is asked for once; the next pass may draw another.
      if (about.some((known) => known.index === withheld.index && known.leaf === leaf)) return;
      const { id, candidate } = posted;
      const opening = await openingOf(chain, record);
      const sent = await challenger.ask({ id, candidate, ...opening, ...withheld, leaf });
      const { hash: transaction, gasUsed: gas } = sent;
      const { index } = withheld;
      emit({ kind: "asked", round: record.round, candidate: id, index, leaf, transaction, gas });
    },
    async decide(view, now) {
      const open = openRequests(view);
      if (!challenger) return false;
      for (const [record, asked] of open) {
        const own = sameHex(asked.requester, challenger.account);
        if (isOver(record, asked, now)) {
          if (own) await attempt([record, asked], release);
        } else if (now > asked.dueAt) await attempt([record, asked], conclude);
      }
      return open.length > 0;
    },
  };
}

/** Something else has decided about the candidate, or nobody concluded in time. */
function isOver(record: RoundRecord, { candidate, decidedBy }: LeafRequestRecord, now: number): boolean {
  const { status, faults } = record;
  const disproven = faults.some((fault) => fault.candidate === candidate && fault.slashBps >= 1_000);
  return disproven || status === "reverted" || status === "voided" || now >= decidedBy;
}

function openRequests({ rounds }: FederationView): Asked[] {
  return [...rounds.values()].flatMap((record) =>
    record.requests.filter(({ state }) => state === "open").map((asked): Asked => [record, asked]),
  );
}

/** Bonds that came back cost nothing; the others count, so that a restart does not double the limit. */
function mayAsk({ rounds }: FederationView, account: Hex, bonds: number): boolean {
  const own = [...rounds.values()].flatMap(({ requests }) =>
    requests.filter(({ requester }) => sameHex(requester, account)),
  );
  return own.filter(({ state }) => state === "open" || state === "answered").length < bonds;
}

function requestOf({ round }: RoundRecord, asked: LeafRequestRecord) {
  return leafRequest(asked.candidate, { round, ...asked });
}
