import type { Hex } from "../bytes.ts";
import { type Committee, type Config, committeeOf, leaderOf } from "./config.ts";
import type { Effect } from "./effects.ts";
import type { Env } from "./env.ts";
import type { Checkpoint, Message, Outline, Proposal, Proposed, Ready, Timeout, Vote } from "./messages.ts";
import { emptyQueue, type Queue } from "./queue.ts";
import type {
  Anchor,
  CheckpointCertificate,
  FullBlock,
  Handover,
  KeptSnapshot,
  QuorumCertificate,
  Rank,
  TimeoutCertificate,
} from "./types.ts";

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

export interface Previous {
  readonly committee: Committee;
  readonly checkpoints: (Checkpoint | undefined)[];
  readonly own: Checkpoint | undefined;
}

/** What cannot be voted on yet: it waits for blocks below it, or for its bundles, which are asked for at this time. */
export interface Held {
  readonly message: Proposal | Outline;
  readonly wantAt?: number;
}

/** How a closed epoch ended: for members still in it. */
export interface Closing {
  /** Absent if it was taken over with a snapshot. */
  readonly proof?: CommitProof;
  readonly handover: Handover;
}

/**
 * All a replica knows. `step` owns what it is given: it changes it in place and returns it, so that a step costs no copy.
 */
export interface State extends Queue {
  committee: Committee;
  /** Index in the committee; −1 if not a member. */
  self: number;
  /** Reads its log, and signs nothing meanwhile. */
  replaying: boolean;
  /**
   * What it signed up to this epoch is lost, so it signs nothing in it; `NEVER` until the others have shown where they are.
   */
  unknownUntil: number;
  /** Members that spoke in this epoch since the start: asked only while that is unknown. */
  heard: Set<number>;
  /** Saw two conflicting commits: does nothing more. */
  halted: boolean;
  view: number;
  lastVoted: Rank;
  lastProposed: Rank;
  lastTimeoutView: number;
  lastVote: Vote | undefined;
  lastTimeout: Timeout | undefined;
  lastProposal: Proposal | undefined;
  /** When it is sent again to who has not voted for it. */
  repeatAt: number;
  lastCheckpoint: Checkpoint | undefined;
  highQc: QuorumCertificate;
  /** What this view was entered with. */
  tc: TimeoutCertificate | undefined;
  base: Committed;
  committed: Committed;
  /** Blocks above the committed one, by hash, and the newest committed. */
  blocks: Map<Hex, FullBlock>;
  /** Committed blocks above `historyFrom`, the newest last. */
  history: FullBlock[];
  historyFrom: number;
  /** Bytes of bundles in the history above the newest snapshot in the log. */
  historyBytes: number;
  /** The epoch before, until the checkpoint of the block that closed it has its quorum: the chain learns this epoch by it. */
  previous: Previous | undefined;
  /** By closed epoch, the newest {@link MAX_HANDOVERS}. */
  closings: Map<number, Closing>;
  /** Of the newest committed block of this epoch. */
  commitProof: CommitProof | undefined;
  /** View of the newest committed block of this epoch; 0 before the first. */
  committedView: number;
  /** The application's state. */
  app: unknown;
  /** State root after each of the last {@link ROOTS_KEPT} committed heights. */
  roots: Map<number, Hex>;
  /** Own snapshots without a certificate yet, oldest first; the newest with one; the newest in the log. */
  snapshots: KeptSnapshot[];
  stable: (KeptSnapshot & { readonly certificate: CheckpointCertificate }) | undefined;
  compactedAt: number;
  snapshotSentAt: number;
  anchor: Anchor | undefined;
  /** By member: its newest vote, proposal and timeout seen. */
  votes: (Vote | undefined)[];
  /** Members that brought a vote with a false signature. */
  doubted: Set<number>;
  proposals: (Proposed | undefined)[];
  timeouts: (Timeout | undefined)[];
  checkpoints: (Checkpoint | undefined)[];
  skippedUntil: number[];
  held: Held[];
  /** By member: sent whole proposals up to this height, for it lacked bundles of an outline. */
  wholeUntil: number[];
  /** Last executed sequence by client. */
  sessions: Map<string, number>;
  nextConfig: Config | undefined;
  /** When it was named, and what those who join by it have said, by id. */
  namedAt: number;
  ready: Map<string, Ready>;
  announceAt: number;
  token: number;
  deadline: number;
  failedViews: number;
  latency: number;
  votedAt: number;
  syncAt: number;
  askedInTurn: number;
}

/** One step under way. */
export interface Turn {
  readonly s: State;
  readonly env: Env;
  readonly now: number;
  readonly out: Effect[];
  /** Made in this step; the next proposal tells it, or else it is told alone. */
  certified?: QuorumCertificate;
}

export const NEVER = Number.MAX_SAFE_INTEGER;
/** A proposal names the state root of a height the proposer has committed: at most so many below the voter's. */
export const ROOTS_KEPT = 128;

/** A new replica before its first block. @throws QuorateError PRAFT_CONFIG */
export function createState(config: Config, env: Env): State {
  const committee = committeeOf(config);
  const base = { hash: committee.hash, height: 0, time: 0 };
  const app = env.application.create();
  return {
    ...epochState(committee, base, env),
    replaying: false,
    unknownUntil: -1,
    halted: false,
    committed: base,
    history: [],
    historyFrom: 0,
    historyBytes: 0,
    previous: undefined,
    closings: new Map(),
    app,
    roots: new Map([[0, env.application.stateRoot(app)]]),
    snapshots: [],
    stable: undefined,
    compactedAt: 0,
    snapshotSentAt: 0,
    anchor: undefined,
    ...emptyQueue(),
    sessions: new Map(),
    token: 0,
    latency: 0,
    syncAt: 0,
    askedInTurn: 0,
  };
}

/** What starts afresh with an epoch. */
export function epochState(committee: Committee, base: Committed, env: Env) {
  const size = committee.members.length;
  const none = <T>() => new Array<T | undefined>(size).fill(undefined);
  return {
    committee,
    self: committee.members.findIndex((member) => member.id === env.id),
    heard: new Set<number>(),
    view: 1,
    lastVoted: { view: 0, height: 0 },
    lastProposed: { view: 0, height: 0 },
    lastTimeoutView: 0,
    lastVote: undefined,
    lastTimeout: undefined,
    lastProposal: undefined,
    repeatAt: NEVER,
    lastCheckpoint: undefined,
    highQc: baseQc(committee, base),
    tc: undefined,
    commitProof: undefined,
    committedView: 0,
    base,
    blocks: new Map<Hex, FullBlock>(),
    votes: none<Vote>(),
    doubted: new Set<number>(),
    proposals: none<Proposed>(),
    timeouts: none<Timeout>(),
    checkpoints: none<Checkpoint>(),
    skippedUntil: new Array<number>(size).fill(0),
    held: [] as Held[],
    wholeUntil: new Array<number>(size).fill(0),
    nextConfig: undefined,
    namedAt: 0,
    ready: new Map<string, Ready>(),
    announceAt: 0,
    deadline: NEVER,
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

/** May sign: a member that knows all it signed in this epoch. */
export function signs({ self, replaying, halted, committee, unknownUntil }: State): boolean {
  return self >= 0 && !replaying && !halted && committee.epoch > unknownUntil;
}

/** Whose turn `view` is, without those whose view timed out lately. */
export function currentLeader({ committee, skippedUntil }: State, view: number): number {
  const skips = skippedUntil.some((until) => until > view);
  return leaderOf(committee, view, skips ? (member) => skippedUntil[member]! > view : undefined);
}

export function memberId({ committee }: State, index: number): string {
  return committee.members[index]!.id;
}
