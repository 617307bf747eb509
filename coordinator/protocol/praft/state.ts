import { type Hex, ZERO_HASH } from "../bytes.ts";
import type { Signatures } from "./certificates.ts";
import { type Committee, type Config, committeeOf, leaderOf } from "./config.ts";
import type { Evidence } from "./evidence.ts";
import type {
  Block,
  Bundle,
  Checkpoint,
  FullBlock,
  Message,
  Proposal,
  QuorumCertificate,
  Rank,
  Timeout,
  TimeoutCertificate,
  Vote,
} from "./types.ts";

/** Milliseconds and counts; the same at every member, but only `checkpointEvery` has to be. */
export interface Limits {
  readonly timeoutFloor: number;
  readonly timeoutCeiling: number;
  /** The timeout is this many times the smoothed high percentile of proposal-to-certificate. */
  readonly timeoutFactor: number;
  readonly bundlesPerBlock: number;
  readonly maxPending: number;
  /** Heights between checkpoints. */
  readonly checkpointEvery: number;
  /** How many views a member whose view timed out is skipped. */
  readonly skipViews: number;
}

/** What the engine is given; all of it pure. */
export interface Env {
  readonly scheme: Signatures;
  readonly id: string;
  readonly secretKey: Uint8Array;
  readonly limits: Limits;
  /** Executes a committed block on the state with this root; gives the new root. */
  apply(root: Hex, block: Block, fresh: readonly Bundle[]): Hex;
}

export interface Committed {
  readonly hash: Hex;
  readonly height: number;
  readonly time: number;
}

/** What follows a committed block, up to the first two blocks in a row of one view, and the certificate of the last. */
export interface CommitProof {
  readonly tail: readonly FullBlock[];
  readonly qc: QuorumCertificate;
}

export interface Pending {
  readonly client: string;
  readonly bundle: Bundle;
  readonly since: number;
}

/**
 * All a replica knows. `step` owns what it is given: it changes it in place and returns it, so that a step costs no copy.
 */
export interface State {
  committee: Committee;
  /** Index in the committee; −1 if not a member. */
  self: number;
  /** Lost its log: signs nothing until the next epoch. */
  learner: boolean;
  /** Saw two conflicting commits: does nothing more. */
  halted: boolean;
  view: number;
  lastVoted: Rank;
  lastProposed: Rank;
  lastTimeoutView: number;
  lastVote: Vote | undefined;
  lastTimeout: Timeout | undefined;
  lastProposal: Proposal | undefined;
  lastCheckpoint: Checkpoint | undefined;
  highQc: QuorumCertificate;
  /** What this view was entered with. */
  tc: TimeoutCertificate | undefined;
  base: Committed;
  committed: Committed;
  /** Blocks above the committed one, by hash, and the newest committed. */
  blocks: Map<Hex, FullBlock>;
  history: FullBlock[];
  /** By closed epoch. */
  closings: CommitProof[];
  /** Of the newest committed block of this epoch. */
  commitProof: CommitProof | undefined;
  /** State root after each committed height, from the genesis on. */
  roots: Hex[];
  /** By member: its newest vote, proposal and timeout seen. */
  votes: (Vote | undefined)[];
  proposals: (Proposal | undefined)[];
  timeouts: (Timeout | undefined)[];
  checkpoints: (Checkpoint | undefined)[];
  skippedUntil: number[];
  held: Proposal | undefined;
  /** Oldest first, signatures checked. */
  pending: Pending[];
  /** The same by client and sequence; never iterated. */
  pendingByKey: Map<string, Bundle>;
  /** Last executed sequence by client. */
  sessions: Map<string, number>;
  nextConfig: Config | undefined;
  token: number;
  deadline: number;
  resent: boolean;
  failedViews: number;
  latency: number;
  votedAt: number;
  syncAt: number;
}

export type Event =
  | { readonly kind: "message"; readonly now: number; readonly from: string; readonly message: Message }
  | { readonly kind: "tick"; readonly now: number }
  /** The chain named the next epoch's committee. */
  | { readonly kind: "reconfigure"; readonly now: number; readonly config: Config };

/** In order. What a send, commit or reply depends on is durable once the persist with token `after` is. */
export type Effect =
  | { readonly kind: "persist"; readonly token: number; readonly record: Message }
  /** To a member's or client's id, or to all members, oneself included. */
  | { readonly kind: "send"; readonly to: string | "all"; readonly message: Message; readonly after: number }
  | {
      readonly kind: "commit";
      readonly block: FullBlock;
      readonly fresh: readonly Bundle[];
      readonly after: number;
    }
  | { readonly kind: "executed"; readonly bundle: Bundle; readonly after: number }
  | { readonly kind: "anchor"; readonly checkpoints: readonly Checkpoint[]; readonly after: number }
  | { readonly kind: "evidence"; readonly evidence: Evidence }
  | { readonly kind: "fork"; readonly height: number; readonly qc: QuorumCertificate };

/** One step under way. */
export interface Turn {
  readonly s: State;
  readonly env: Env;
  readonly now: number;
  readonly out: Effect[];
}

export const NEVER = Number.MAX_SAFE_INTEGER;

/** A new replica before its first block. @throws QuorateError PRAFT_CONFIG */
export function createState(config: Config, env: Env): State {
  const committee = committeeOf(config);
  const base = { hash: committee.hash, height: 0, time: 0 };
  return {
    ...epochState(committee, base, env),
    learner: false,
    halted: false,
    committed: base,
    history: [],
    closings: [],
    roots: [ZERO_HASH],
    pending: [],
    pendingByKey: new Map(),
    sessions: new Map(),
    token: 0,
    latency: 0,
    syncAt: 0,
  };
}

/** What starts afresh with an epoch. */
export function epochState(committee: Committee, base: Committed, env: Env) {
  const size = committee.members.length;
  const none = <T>() => new Array<T | undefined>(size).fill(undefined);
  return {
    committee,
    self: committee.members.findIndex((member) => member.id === env.id),
    view: 1,
    lastVoted: { view: 0, height: 0 },
    lastProposed: { view: 0, height: 0 },
    lastTimeoutView: 0,
    lastVote: undefined,
    lastTimeout: undefined,
    lastProposal: undefined,
    lastCheckpoint: undefined,
    highQc: baseQc(committee, base),
    tc: undefined,
    commitProof: undefined,
    base,
    blocks: new Map<Hex, FullBlock>(),
    votes: none<Vote>(),
    proposals: none<Proposal>(),
    timeouts: none<Timeout>(),
    checkpoints: none<Checkpoint>(),
    skippedUntil: new Array<number>(size).fill(0),
    held: undefined,
    nextConfig: undefined,
    deadline: NEVER,
    resent: false,
    failedViews: 0,
    votedAt: NEVER,
  };
}

/** Stands for the commit proof of the block an epoch starts from: a member of the epoch has committed it before. */
function baseQc({ epoch }: Committee, base: Committed): QuorumCertificate {
  const { hash: blockHash, height } = base;
  return { epoch, view: 0, height, blockHash, signers: [], signature: new Uint8Array() };
}

export function persist({ s, out }: Turn, record: Message): number {
  s.token++;
  out.push({ kind: "persist", token: s.token, record });
  return s.token;
}

/** Sends what depends on everything persisted before. */
export function send({ s, out }: Turn, to: string | "all", message: Message): void {
  out.push({ kind: "send", to, message, after: s.token });
}

/** May sign: a member whose log is whole. */
export function signs({ self, learner, halted }: State): boolean {
  return self >= 0 && !learner && !halted;
}

/** Whose turn `view` is, without those whose view timed out lately. */
export function currentLeader({ committee, skippedUntil }: State, view: number): number {
  return leaderOf(committee, view, (member) => skippedUntil[member]! > view);
}

export function memberId({ committee }: State, index: number): string {
  return committee.members[index]!.id;
}
