import { type Hex, sameHex } from "../bytes.ts";
import { REASON, type Vote } from "./messages.ts";
import { mayDegrade, mayOpen } from "./openings.ts";
import type { Outcome } from "./tally.ts";

/** Ranks below this are proposers with the first slot; the others are reserves. */
export const FIRST_PROPOSERS = 2;

/** A round as far as duties follow from it; times in seconds of block time. Satisfied by the chain's view of it. */
export interface RoundFacts {
  readonly status: "open" | "agreed" | "failed" | "degraded" | "ratified" | "reverted" | "voided";
  readonly openedInBlock: number;
  readonly collectMinUntil: number;
  readonly collectMaxUntil: number;
  readonly expectedUpdates: number;
  readonly proposeUntil: number;
  readonly proposeSlot: number;
  readonly voteUntil: number | null;
  readonly graceUntil: number | null;
  readonly order: readonly Hex[] | null;
  readonly seedFrozen?: boolean;
  readonly candidates: readonly {
    readonly id: Hex;
    readonly rank: number;
    readonly signers: readonly Hex[];
  }[];
  readonly castVotes: readonly { readonly miner: Hex; readonly candidate: Hex }[];
  readonly settledVoters?: readonly Hex[];
  /** Degraded rounds the base stands on. */
  readonly standsOn?: readonly bigint[];
}

/** What a miner knows besides the round. */
export interface MinerFacts {
  readonly self: Hex;
  /** Position among the active miners by address: staggers what has no rank. */
  readonly turn: number;
  readonly activeMiners: number;
  /** This miner is the only one whose vote counts in the open round. */
  readonly alone?: boolean;
  /** Another gets a seat at the next opening: a lone miner leaves the round to it. */
  readonly returning?: boolean;
  /** Time the next block would carry, seconds. */
  readonly time: number;
  readonly blockNumber: number;
  /** Updates in this miner's pool that would enter a manifest. */
  readonly updates: number;
  /** A client tried to send an update after the last slot. */
  readonly refusedUpload: boolean;
  /** This miner's present vote by candidate id. */
  readonly ownVotes: ReadonlyMap<string, Vote>;
  /** Tally of the votes this miner knows, by candidate id. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Candidates with a no for withheld data, which its author may still replace by a yes. */
  readonly replaceable: ReadonlySet<string>;
  /** True if every active miner's vote on every candidate is known. */
  readonly allVoted: boolean;
  /** Candidates whose vote no other miner has taken yet. */
  readonly undelivered: ReadonlySet<string>;
}

/** Seconds between miners that would all send the same transaction, and for votes that are still missing. */
export interface DutyTimings {
  readonly stagger: number;
  readonly stragglers: number;
}

export type ProposerRole = "primary" | "secondary" | "reserve" | "alone";

/** What is due now. `wait`: act only if it is still due that many seconds after it first became so. */
export type Duty =
  | { readonly kind: "openRound" | "freezeSeed" | "settle" | "failRound"; readonly wait: number }
  | { readonly kind: "propose"; readonly role: ProposerRole; readonly rank: number; readonly until: number }
  | { readonly kind: "vote"; readonly candidate: Hex }
  | { readonly kind: "castVote"; readonly candidate: Hex };

/** Blocks after the opening from which the seed is frozen by a transaction: its block hash is readable for 256. */
export const FREEZE_AFTER_BLOCKS = 128;

/**
 * Decides what a miner has to do. Pure: the same round, knowledge and time give the same duties, so that a restarted
 * miner takes up where it was.
 */
export function dutiesOf(round: RoundFacts | undefined, miner: MinerFacts, timings: DutyTimings): Duty[] {
  if (round?.status !== "open") {
    const open: Duty[] = mayOpen(round, miner.activeMiners)
      ? [{ kind: "openRound", wait: miner.turn * timings.stagger }]
      : [];
    return [...open, ...presence(round, miner)];
  }
  if (miner.alone && miner.returning) return [{ kind: "failRound", wait: 0 }];
  return [
    ...freeze(round, miner, timings),
    ...proposing(round, miner),
    ...voting(round, miner),
    ...casting(round, miner),
    ...ending(round, miner, timings),
  ];
}

/** True once a proposer may stop collecting: enough updates after the minimum, or any after the maximum. */
export function collectOver(
  round: Pick<RoundFacts, "collectMinUntil" | "collectMaxUntil" | "expectedUpdates">,
  updates: number,
  time: number,
): boolean {
  if (updates === 0) return false;
  if (time >= round.collectMaxUntil) return true;
  return time >= round.collectMinUntil && updates >= round.expectedUpdates;
}

/** First and last second in which a rank may post a candidate; the first ranks share one slot. */
export function slotOf(
  round: Pick<RoundFacts, "collectMinUntil" | "proposeUntil" | "proposeSlot">,
  rank: number,
): { readonly from: number; readonly until: number } {
  if (rank < FIRST_PROPOSERS) return { from: round.collectMinUntil, until: round.proposeUntil };
  const before = round.proposeUntil + (rank - FIRST_PROPOSERS) * round.proposeSlot;
  return { from: before + 1, until: before + round.proposeSlot };
}

/** Second in which the last slot of all ranks ends. */
export function lastSlotEnd(round: Pick<RoundFacts, "order" | "proposeUntil" | "proposeSlot">): number {
  const reserves = Math.max(0, (round.order?.length ?? 0) - FIRST_PROPOSERS);
  return round.proposeUntil + reserves * round.proposeSlot;
}

/** Rank of a miner; undefined if it was not drawn, or the order is not known yet. */
export function rankOf(round: Pick<RoundFacts, "order">, miner: Hex): number | undefined {
  const rank = round.order?.findIndex((ranked) => sameHex(ranked, miner)) ?? -1;
  return rank < 0 ? undefined : rank;
}

function freeze(round: RoundFacts, miner: MinerFacts, { stagger }: DutyTimings): Duty[] {
  const age = miner.blockNumber - round.openedInBlock;
  if (round.seedFrozen || round.candidates.length > 0 || age < FREEZE_AFTER_BLOCKS) return [];
  return [{ kind: "freezeSeed", wait: (rankOf(round, miner.self) ?? miner.turn) * stagger }];
}

function proposing(round: RoundFacts, miner: MinerFacts): Duty[] {
  const rank = rankOf(round, miner.self);
  if (rank === undefined || signed(round, miner.self)) return [];
  const { from, until } = slotOf(round, rank);
  if (miner.time < from || miner.time > until) return [];
  const posted = round.candidates.length > 0;
  // With a candidate of the partner posted, its list of updates can be had: a late proposer still joins.
  if (!posted && !collectOver(round, miner.updates, miner.time)) return [];
  if (rank >= FIRST_PROPOSERS) return posted ? [] : [{ kind: "propose", role: "reserve", rank, until }];
  const role = round.order?.length === 1 ? "alone" : rank === 0 ? "primary" : "secondary";
  return [{ kind: "propose", role, rank, until }];
}

function voting(round: RoundFacts, miner: MinerFacts): Duty[] {
  if (round.graceUntil !== null && miner.time > round.graceUntil) return [];
  return round.candidates
    .filter(({ id }) => {
      const own = miner.ownVotes.get(id.toLowerCase());
      // A no for withheld data may become a yes once the data shows up.
      return !own || (!own.support && own.reason === REASON.withheld);
    })
    .map(({ id }) => ({ kind: "vote", candidate: id }));
}

function casting(round: RoundFacts, miner: MinerFacts): Duty[] {
  const { voteUntil, graceUntil, proposeSlot } = round;
  if (voteUntil === null || graceUntil === null || miner.time > graceUntil) return [];
  return round.candidates
    .filter(({ id }) => {
      if (!miner.ownVotes.has(id.toLowerCase()) || isCast(round, miner.self, id)) return false;
      // Nobody could be told: leave time for the transaction before the window closes.
      const early = miner.undelivered.has(id.toLowerCase()) && miner.time >= voteUntil - proposeSlot / 4;
      return early || miner.time > voteUntil;
    })
    .map(({ id }) => ({ kind: "castVote", candidate: id }));
}

/** A vote left out of a settlement still proves presence if it is cast before the deadline. */
function presence(round: RoundFacts | undefined, miner: MinerFacts): Duty[] {
  // What one miner decides alone is nobody's absence.
  if (round?.status !== "agreed" && round?.status !== "failed") return [];
  if (!round.settledVoters || round.voteUntil === null || miner.time > round.voteUntil) return [];
  if (round.settledVoters.some((voter) => sameHex(voter, miner.self))) return [];
  const mine = round.candidates.filter(({ id }) => miner.ownVotes.has(id.toLowerCase()));
  if (mine.length === 0 || mine.some(({ id }) => isCast(round, miner.self, id))) return [];
  return [{ kind: "castVote", candidate: mine[0]!.id }];
}

function ending(round: RoundFacts, miner: MinerFacts, timings: DutyTimings): Duty[] {
  const staggered = (rankOf(round, miner.self) ?? miner.turn) * timings.stagger;
  if (round.candidates.length === 0) {
    // A round nobody sent anything to waits for its first client instead of burning gas on failing and opening.
    const wanted = miner.updates > 0 || miner.refusedUpload;
    return wanted && miner.time > lastSlotEnd(round) ? [{ kind: "failRound", wait: staggered }] : [];
  }
  const outcomes = round.candidates.map(({ id }) => outcomeOf(round, miner, id));
  if (isDecided(round, miner) && proposersDone(round, miner.time)) {
    const stragglers = miner.allVoted || windowOver(round, miner.time) ? 0 : timings.stragglers;
    return [{ kind: "settle", wait: stragglers + staggered }];
  }
  const expired = round.graceUntil !== null && miner.time > round.graceUntil;
  const won = outcomes.includes("agreed") || outcomes.includes("degraded");
  return expired && !won ? [{ kind: "failRound", wait: staggered }] : [];
}

/**
 * True if the known votes decide the round: all candidates lost, or one is agreed and none of a better rank can still
 * be. A no that may become a yes is waited for until the vote window closes.
 */
function isDecided(round: RoundFacts, miner: MinerFacts): boolean {
  const settled = windowOver(round, miner.time);
  const open = round.candidates.filter(({ id }) => {
    const outcome = outcomeOf(round, miner, id);
    return (
      outcome === "pending" ||
      (outcome === "disagreed" && !settled && miner.replaceable.has(id.toLowerCase()))
    );
  });
  const won = (id: Hex) => ["agreed", "degraded"].includes(outcomeOf(round, miner, id));
  const agreed = round.candidates.filter(({ id }) => won(id));
  if (agreed.length === 0) return open.length === 0;
  const best = Math.min(...agreed.map(({ rank }) => rank));
  const graceOver = round.graceUntil !== null && miner.time > round.graceUntil;
  return graceOver || open.every(({ rank }) => rank > best);
}

function outcomeOf(round: RoundFacts, miner: MinerFacts, candidate: Hex): Outcome {
  const outcome = miner.outcomes.get(candidate.toLowerCase()) ?? "pending";
  return outcome === "degraded" && !mayDegrade(round) ? "pending" : outcome;
}

function windowOver({ voteUntil }: Pick<RoundFacts, "voteUntil">, time: number): boolean {
  return voteUntil !== null && time > voteUntil;
}

/** True once no first proposer can still post: each signed a posted candidate, or the slot is over. */
export function proposersDone(
  round: Pick<RoundFacts, "order" | "candidates" | "proposeUntil">,
  time: number,
): boolean {
  if (time > round.proposeUntil) return true;
  return round.order?.slice(0, FIRST_PROPOSERS).every((miner) => signed(round, miner)) ?? false;
}

function signed(round: Pick<RoundFacts, "candidates">, miner: Hex): boolean {
  return round.candidates.some(({ signers }) => signers.some((signer) => sameHex(signer, miner)));
}

function isCast(round: RoundFacts, miner: Hex, candidate: Hex): boolean {
  return round.castVotes.some((cast) => sameHex(cast.miner, miner) && sameHex(cast.candidate, candidate));
}
