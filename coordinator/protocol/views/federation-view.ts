import type { Hex } from "../bytes.ts";
import type { Candidate } from "../round/messages.ts";
import type { AnchorRecord } from "./anchors.ts";
import type { BrokenReceiptRecord, FaultRecord, LeafRequestRecord } from "./dispute-records.ts";
import type { ContractParameters } from "./events.ts";
import type { Moment } from "./moment.ts";

/** What happened to a round. */
export type RoundStatus = "open" | "agreed" | "failed" | "degraded" | "ratified" | "reverted" | "voided";

/** Life of a miner; joining, suspending and exiting take effect at the next opening. */
export type MinerStatus = "none" | "joining" | "active" | "suspending" | "inactive" | "exiting" | "exited";

/** A miner's place in a round: its voting key and weight are constant from opening to end. */
export interface Seat {
  readonly miner: Hex;
  readonly key: Hex;
  readonly weight: bigint;
}

export interface CandidateRecord {
  readonly id: Hex;
  readonly index: number;
  readonly candidate: Candidate;
  /** Proposers, in the order of their ranks, each with its 64-byte compact signature. */
  readonly signers: readonly { readonly miner: Hex; readonly signature: Hex }[];
  readonly posted: Moment;
  /** Proven wrong while the round was open: it counts as disagreed. */
  readonly struck?: boolean;
}

/** A vote as it stands on chain or was counted. */
export interface VoteRecord {
  readonly miner: Hex;
  /** Candidate id. */
  readonly candidate: Hex;
  readonly support: boolean;
  /** Basis points. */
  readonly confidence: number;
  readonly reason: number;
}

export interface CastVoteRecord extends VoteRecord {
  readonly reasonIndex: bigint;
  readonly cast: Moment;
}

/** A miner's standing after a round: what the round's reputation event says. */
export interface ScoreRecord {
  readonly miner: Hex;
  /** WAD, before the round's step, missed rounds taken off. */
  readonly before: bigint;
  /** WAD, from then on. */
  readonly reputation: bigint;
  /** Bonded then; smallest unit of the token. */
  readonly stake: bigint;
  readonly weight: bigint;
}

/** A federation that governance holds; block times, seconds. */
export interface Pause {
  readonly since: number;
  /** From here on anyone may end it. */
  readonly until: number;
}

export interface RoundRecord {
  readonly round: bigint;
  readonly status: RoundStatus;
  readonly opened: Moment;
  /** Seconds that pauses took while it was open, and from its last candidate until the vote deadline. */
  readonly held: number;
  readonly votesHeld: number;
  readonly openingHash: Hex;
  readonly baseRoot: Hex;
  /** Digest of the base model's file; zero for the genesis model, which every node derives. */
  readonly baseCid: Hex;
  readonly parametersHash: Hex;
  /** In force for the whole round. */
  readonly parameters: ContractParameters;
  readonly updateTarget: number;
  /** In seat order; the weights the order of proposers is drawn by. */
  readonly roster: readonly Seat[];
  /** Members slashed while the round was open: their votes count for nothing in it. */
  readonly jailed: readonly Hex[];
  /** Without those. */
  readonly activeWeight: bigint;
  /** In the order of their proofs. */
  readonly faults: readonly FaultRecord[];
  /** In the order they were made. */
  readonly requests: readonly LeafRequestRecord[];
  readonly brokenReceipts: readonly BrokenReceiptRecord[];
  /** Payouts of the head the round builds on. */
  readonly payoutsRoot: Hex;
  readonly payoutsTotal: bigint;
  /** Newest settlement at the opening, 0 before the first. Its model is the base, unless degraded rounds came after it. */
  readonly baseSettlement: bigint;
  /** Degraded rounds since that settlement, ascending: the base is the model of the last of them. */
  readonly standsOn: readonly bigint[];
  /** How many models lie between the genesis model and the one this round makes, that one included: 1 in the first. */
  readonly generation: bigint;
  /** null until somebody stored it. */
  readonly seed: bigint | null;
  /** The block whose hash it is. */
  readonly seedBlock: number | null;
  readonly candidates: readonly CandidateRecord[];
  /** On chain, a replaced vote by its replacement. */
  readonly castVotes: readonly CastVoteRecord[];
  /** Cast after an early settlement: they prove presence and decide nothing. */
  readonly lateVotes: readonly CastVoteRecord[];
  /** The votes that decided the round; empty while it is open. */
  readonly countedVotes: readonly VoteRecord[];
  readonly skippedVotes: readonly {
    readonly position: number;
    readonly seat: number;
    readonly fault: number;
  }[];
  readonly ended: Moment | null;
  /** Id of the agreed or degraded candidate, kept when the round is reverted or void later. */
  readonly winner: Hex | null;
  readonly settlement: bigint | null;
  readonly ratioBps: number | null;
  readonly participationBps: number | null;
  /** From this block time on the round is final, unless reverted before; null as long as it is degraded. */
  readonly finalAt: number | null;
  /** Degraded, or failed after such a round: not final before it is known what becomes of that. */
  readonly provisional: boolean;
  /** Voided because nobody ratified it, not because something was proven wrong. */
  readonly unratified: boolean;
  /** Number among the rounds with a candidate that several miners could decide; null for others. */
  readonly ballot: number | null;
  /** Miners whose vote was counted, with reputation and weight from then on. */
  readonly scores: readonly ScoreRecord[];
  /** Distinct, in order; the opening's only if it is no other round's settlement. */
  readonly transactions: readonly Hex[];
}

export interface MinerView {
  readonly miner: Hex;
  readonly status: MinerStatus;
  readonly endpoint: string;
  readonly stake: bigint;
  readonly unbonding: bigint;
  readonly releaseAt: number;
  /** Taken for proven faults, ever; smallest unit of the token. */
  readonly slashed: bigint;
  /** Signs in the open round. */
  readonly key: Hex;
  /** Signs from the next opening on. */
  readonly nextKey: Hex;
  /** WAD, missed rounds taken off. */
  readonly reputation: bigint;
  /** What the contract has written down: it takes missed ballots off only when it writes the next time. */
  readonly recorded: { readonly reputation: bigint; readonly ballot: number };
  /** As it counts in the open round, 0 without a seat. */
  readonly weight: bigint;
  /** Rounds with a candidate in which its vote was counted, and in which it was missing. */
  readonly voted: number;
  readonly missed: number;
  readonly lastVoted: bigint | null;
  /** Ballots there had been when it got its seat: absences are counted from there. */
  readonly seatedAt: number;
  /** Deactivated for absence, and not back; who lost its seat for a fault is not. */
  readonly absent: boolean;
}

/** What a client may do from `fromRound` on. */
export interface ClientTerms {
  readonly key: Hex;
  readonly sampleCap: bigint;
  readonly active: boolean;
  readonly fromRound: bigint;
}

export interface ClientView {
  readonly client: Hex;
  /** Ascending by `fromRound`. */
  readonly terms: readonly ClientTerms[];
  readonly claimed: bigint;
}

export interface SettlementView {
  readonly settlement: bigint;
  readonly round: bigint;
  /** The agreed model's; see {@link RoundRecord}. */
  readonly generation: bigint;
  /** Digest of the agreed model's file. */
  readonly modelCid: Hex;
  readonly root: Hex;
  readonly total: bigint;
  readonly finalAt: number;
}

/** A federation as its events tell it. Maps of miners and clients are keyed by lower-case address. */
export interface FederationView {
  readonly parameters: ContractParameters | null;
  readonly parametersHash: Hex | null;
  /** From the next opening on. */
  readonly nextParameters: ContractParameters | null;
  /** Rounds with a candidate that have ended. */
  readonly ballots: number;
  /** Ascending by round. */
  readonly rounds: ReadonlyMap<bigint, RoundRecord>;
  readonly latestRound: bigint;
  readonly miners: ReadonlyMap<string, MinerView>;
  /** Lower-case addresses of the active miners by seat. */
  readonly seats: readonly string[];
  readonly clients: ReadonlyMap<string, ClientView>;
  /** By settlement number; those of reverted rounds are gone. */
  readonly settlements: ReadonlyMap<bigint, SettlementView>;
  readonly latestSettlement: bigint;
  /** Degraded rounds since then that are neither ratified nor void, ascending. The head is the model of the last. */
  readonly degraded: readonly bigint[];
  readonly allowListRequired: boolean | null;
  readonly funded: bigint;
  readonly claimed: bigint;
  /** Checkpoints on the chain, ascending by number; only the newest are kept. */
  readonly anchors: readonly AnchorRecord[];
  /** Hash of the committee that anchors now; null before the founding. */
  readonly heldConfig: Hex | null;
  /** Put up with requests for leaves that are open. */
  readonly bonds: bigint;
  /** null while the federation runs. Times that lie ahead move on when it ends. */
  readonly pause: Pause | null;
  /** Those that have ended, in order; block times, seconds. */
  readonly pauses: readonly { readonly from: number; readonly to: number }[];
}

export const EMPTY_VIEW: FederationView = {
  parameters: null,
  parametersHash: null,
  nextParameters: null,
  ballots: 0,
  rounds: new Map(),
  latestRound: 0n,
  miners: new Map(),
  seats: [],
  clients: new Map(),
  settlements: new Map(),
  latestSettlement: 0n,
  degraded: [],
  allowListRequired: null,
  funded: 0n,
  claimed: 0n,
  anchors: [],
  heldConfig: null,
  bonds: 0n,
  pause: null,
  pauses: [],
};
