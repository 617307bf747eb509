import type { Hex } from "../protocol/bytes.ts";
import type { ContractRule } from "../protocol/faults/judge.ts";
import type { LeafRequest } from "../protocol/faults/leaf.ts";
import type { Candidate, Domain } from "../protocol/round/messages.ts";
import type { Absentee } from "../protocol/views/attendance.ts";
import type { Pause } from "../protocol/views/federation-view.ts";
import type { CandidateMessage, VoteMessage } from "./transport.ts";

/** Parameters of a federation; durations in seconds of block time. */
export interface ChainParameters {
  readonly collectMin: number;
  readonly collectMax: number;
  readonly proposeSlot: number;
  readonly voteWindow: number;
  readonly voteGrace: number;
  readonly challengeWindow: number;
  readonly answerTime: number;
  readonly minRoundInterval: number;
  /** Paid to the clients of an agreed round, in the token's smallest unit. */
  readonly roundBudget: bigint;
}

/** What never changes in a federation. */
export interface Federation {
  readonly domain: Domain;
  readonly contracts: Readonly<Record<string, Hex>>;
  /** First block that can hold an event of this federation. */
  readonly deployBlock: number;
  /** Digest of the task file. */
  readonly taskHash: Hex;
  readonly genesisRoot: Hex;
  /** Digest of the genesis model's file; zero if nodes derive it. */
  readonly genesisCid?: Hex;
  /** Number of float32 values of every model. */
  readonly dimension: number;
  /** Samples of the validation set, 0 without an evaluator. */
  readonly validationSize?: number;
  /** The rule by which the contract of fault proofs judges a coordinate; kind 0 if it judges none. */
  readonly provable?: ContractRule;
}

export interface MinerRecord {
  readonly miner: Hex;
  /** Address of the voting key. */
  readonly key: Hex;
  readonly endpoint: string;
  /** Holds a seat in the open round, or held one in the last that ended. */
  readonly active: boolean;
  /** Holds a seat from the next opening on; `active` if absent. */
  readonly activeNext?: boolean;
  /** Lost its seat by absence and may ask for it now. */
  readonly mayReturn?: boolean;
  /** Smallest unit of the token. */
  readonly stake: bigint;
  /** WAD. */
  readonly reputation: bigint;
  /** Stake × reputation ÷ WAD as it counts in the open round; 0 if inactive. */
  readonly weight: bigint;
}

export interface ClientRecord {
  readonly client: Hex;
  readonly key: Hex;
  readonly active: boolean;
  readonly sampleCap: bigint;
}

export interface PostedCandidate {
  readonly id: Hex;
  /** Position among the round's candidates, 0–2. */
  readonly index: number;
  /** Lowest rank among its signers. */
  readonly rank: number;
  readonly signers: readonly Hex[];
  /** Content, from the event of the first posting. */
  readonly candidate: Candidate;
  readonly transaction: Hex;
  readonly postedAt: number;
  /** Proven wrong. */
  readonly struck?: boolean;
}

export type RoundStatus = "open" | "agreed" | "failed" | "degraded" | "ratified" | "reverted" | "voided";

/** A round as the chain has it now; times in seconds of block time. */
export interface RoundView {
  readonly round: bigint;
  readonly status: RoundStatus;
  readonly openingHash: Hex;
  readonly baseRoot: Hex;
  /** Digest of the base model's file; zero for the genesis model, which every node derives. */
  readonly baseCid: Hex;
  /** Degraded rounds the base stands on, ascending: whoever agrees this round vouches for them too. */
  readonly standsOn?: readonly bigint[];
  /** Models from the genesis model to the one this round makes; failed rounds don't count. */
  readonly generation?: bigint;
  readonly openedAt: number;
  readonly openedInBlock: number;
  /** From here on collecting may end early. */
  readonly collectMinUntil: number;
  readonly collectMaxUntil: number;
  /** Updates that end collecting early. */
  readonly expectedUpdates: number;
  /** Ranks 0 and 1 post until here. */
  readonly proposeUntil: number;
  readonly proposeSlot: number;
  /** Set once a candidate is posted. */
  readonly voteUntil: number | null;
  readonly graceUntil: number | null;
  readonly activeWeight: bigint;
  /** All miners by rank; null until the seed can be read. */
  readonly order: readonly Hex[] | null;
  /** True once the seed of the order is stored, so that the order can't change any more. */
  readonly seedFrozen?: boolean;
  readonly candidates: readonly PostedCandidate[];
  /** Id of the agreed or degraded candidate. */
  readonly winner?: Hex | null;
  /** Votes cast on chain, by a transaction of their own. */
  readonly castVotes: readonly {
    readonly miner: Hex;
    readonly candidate: Hex;
    readonly support: boolean;
    /** Basis points, if the reader knows them. */
    readonly confidence?: number;
    /** Of a no, if the reader knows it. */
    readonly reason?: number;
  }[];
  /** Miners with a vote in the settlement; absent while the round is open. */
  readonly settledVoters?: readonly Hex[];
  /** Cumulative payouts before this round, and the agreed round they are of; 0 before the first. */
  readonly payoutsRound?: bigint;
  readonly payoutsRoot: Hex;
  readonly payoutsTotal: bigint;
  /** Paid for this round if it is agreed, by the parameters it was opened with. */
  readonly roundBudget?: bigint;
  /** Highest score of the agreed rounds within the last 8 round numbers. */
  readonly bestRecentScore: number | null;
  readonly final: boolean;
}

export interface Head {
  /** The round whose model it is: the last agreed one, or a degraded one after it. 0 before the first. */
  readonly round: bigint;
  readonly modelRoot: Hex;
  readonly modelCid: Hex;
}

/** A request to show a leaf that nobody has answered yet. */
export interface OpenLeafRequest {
  /** Under which the contract keeps it. */
  readonly key: Hex;
  readonly id: LeafRequest;
  /** The candidate it is about. */
  readonly candidate: Candidate;
  /** Last moment of an answer, block time in seconds. */
  readonly dueAt: number;
}

export interface BlockTime {
  readonly number: number;
  readonly hash: Hex;
  /** Seconds. */
  readonly timestamp: number;
}

export interface Sent {
  readonly hash: Hex;
  readonly gasUsed: bigint;
  readonly block: number;
}

/** Reads of the chain that a miner, client or auditor needs. Reads throw RPC_UNREACHABLE when the node is down. */
export interface ChainReader {
  federation(): Promise<Federation>;
  parameters(): Promise<ChainParameters>;
  head(): Promise<Head>;
  /** The open round, or the last one that ended; undefined before the first. */
  currentRound(): Promise<RoundView | undefined>;
  /** @throws QuorateError ROUND_UNKNOWN */
  round(round: bigint): Promise<RoundView>;
  miners(): Promise<readonly MinerRecord[]>;
  /** Miners that anyone may deactivate now. */
  absentees(): Promise<readonly Absentee[]>;
  /** In `round`, by default the newest. undefined if the address was never registered. */
  client(client: Hex, round?: bigint): Promise<ClientRecord | undefined>;
  clients(): Promise<readonly ClientRecord[]>;
  latestBlock(): Promise<BlockTime>;
  /** Timestamp the next block would carry, seconds: what a deadline is compared with. */
  pendingTime(): Promise<number>;
  /** null while the federation runs. */
  pause(): Promise<Pause | null>;
  /** Of recent rounds. */
  leafRequests(): Promise<readonly OpenLeafRequest[]>;
  /** Already paid out to a client. */
  claimed(client: Hex): Promise<bigint>;
  /** The last agreed and final settlement's payout root, and the manifest digest of its round. */
  finalPayouts(): Promise<
    { readonly round: bigint; readonly root: Hex; readonly manifestCid: Hex } | undefined
  >;
}

/** Transactions of a miner or client; each resolves when mined, and throws the contract's error as a QuorateError. */
export interface ChainWriter {
  readonly account: Hex;
  openRound(): Promise<Sent>;
  /** Ends a pause that has lasted as long as it may. */
  resume(): Promise<Sent>;
  freezeSeed(round: bigint): Promise<Sent>;
  /** One or two signatures over one candidate. */
  propose(candidate: Candidate, signatures: readonly CandidateMessage[]): Promise<Sent>;
  castVote(vote: VoteMessage): Promise<Sent>;
  /** The adapter orders votes as the contract demands. */
  settle(round: bigint, votes: readonly VoteMessage[]): Promise<Sent>;
  failRound(round: bigint): Promise<Sent>;
  /** Has a miner's seat taken at the next opening that missed too many ballots. */
  deactivate(miner: Hex, asOfRound: bigint): Promise<Sent>;
  /** Asks for the own seat again, from the next opening on. */
  reactivate(): Promise<Sent>;
  /** Shows the leaf; see IFaultProofs.answerLeaf. */
  answerLeaf(request: LeafRequest, opening: Hex): Promise<Sent>;
  claim(client: Hex, cumulative: bigint, proof: readonly Hex[]): Promise<Sent>;
}
