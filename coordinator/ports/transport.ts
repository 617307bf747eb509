import type { Hex } from "../protocol/bytes.ts";
import type { Candidate, Receipt, Vote } from "../protocol/round/messages.ts";
import type { SignedUpdate } from "../protocol/round/references.ts";

/** What a miner says of itself at `GET /v1/info`. */
export interface MinerInfo {
  readonly name: "quorate-miner";
  readonly version: string;
  readonly chainId: string;
  /** Address of RoundConsensus. */
  readonly contract: Hex;
  /** Identity address of the miner. */
  readonly miner: Hex;
  /** libp2p multiaddrs. */
  readonly peers: readonly string[];
  /** Rounds whose manifest, updates and model the miner serves, inclusive; null while there are none. */
  readonly rounds: { readonly first: string; readonly last: string } | null;
  readonly maxUploadBytes: number;
}

/** The answer to an accepted upload. */
export interface UploadAnswer {
  readonly receipt: Receipt;
  /** By the miner's voting key. */
  readonly signature: Hex;
  readonly miner: Hex;
  /** Model root of the client's update that counts in this round; another than the upload's if that one is lower. */
  readonly counts: Hex;
  /** All updates of this client held for the round, at most two. */
  readonly held: readonly Hex[];
}

/** The secondary's inventory at the cut-off. */
export interface InventoryMessage {
  readonly miner: Hex;
  readonly updates: readonly SignedUpdate[];
  /** Of Inventory(round, openingHash, updatesHash). */
  readonly signature: Hex;
}

/** The primary's answer: the union it will aggregate, signed as Manifest. */
export interface ManifestMessage {
  readonly miner: Hex;
  readonly updates: readonly SignedUpdate[];
  /** Of Manifest(round, openingHash, updatesHash). */
  readonly signature: Hex;
}

export interface CandidateMessage {
  readonly miner: Hex;
  readonly candidate: Candidate;
  readonly signature: Hex;
}

export interface VoteMessage {
  readonly miner: Hex;
  readonly vote: Vote;
  readonly signature: Hex;
}

/** What others may ask of a miner. Every method throws a QuorateError with a stable code on bad input. */
export interface MinerService {
  info(): Promise<MinerInfo>;
  /**
   * Checks everything that can be checked before the body is read (signature, registration, round, size).
   * @throws QuorateError UPDATE_* (see docs/protocol.md, "Errors")
   */
  admitUpdate(signed: SignedUpdate): Promise<void>;
  /** Checks the model, stores it, and acknowledges it. */
  submitUpdate(signed: SignedUpdate, model: Uint8Array): Promise<UploadAnswer>;
  /** Another miner says that it holds an update, reachable under `endpoint`. Fetched in the background. */
  announceUpdate(signed: SignedUpdate, endpoint: string): Promise<void>;
  /** Updates held for a round. */
  updates(round: bigint): Promise<readonly SignedUpdate[]>;
  /** The secondary's request; answered once the primary's cut-off has come. @throws QuorateError NOT_PRIMARY, NOT_YET */
  exchangeManifest(round: bigint, inventory: InventoryMessage): Promise<ManifestMessage>;
  offerCandidate(round: bigint, offer: CandidateMessage): Promise<void>;
  offerVote(round: bigint, offer: VoteMessage): Promise<void>;
  votes(round: bigint): Promise<readonly VoteMessage[]>;
  /** A file this miner holds, else undefined. */
  content(digest: Hex): Promise<Uint8Array | undefined>;
}

/** How a node or a client reaches a miner's service under its endpoint (an http URL). */
export interface MinerTransport {
  info(endpoint: string, signal?: AbortSignal): Promise<MinerInfo>;
  submitUpdate(
    endpoint: string,
    signed: SignedUpdate,
    model: Uint8Array,
    signal?: AbortSignal,
  ): Promise<UploadAnswer>;
  announceUpdate(endpoint: string, signed: SignedUpdate, own: string, signal?: AbortSignal): Promise<void>;
  updates(endpoint: string, round: bigint, signal?: AbortSignal): Promise<readonly SignedUpdate[]>;
  exchangeManifest(
    endpoint: string,
    round: bigint,
    inventory: InventoryMessage,
    signal?: AbortSignal,
  ): Promise<ManifestMessage>;
  offerCandidate(
    endpoint: string,
    round: bigint,
    offer: CandidateMessage,
    signal?: AbortSignal,
  ): Promise<void>;
  offerVote(endpoint: string, round: bigint, offer: VoteMessage, signal?: AbortSignal): Promise<void>;
  votes(endpoint: string, round: bigint, signal?: AbortSignal): Promise<readonly VoteMessage[]>;
  /** The raw file, unchecked; at most `maxBytes`. @throws QuorateError CONTENT_UNAVAILABLE, CONTENT_TOO_LARGE */
  content(
    endpoint: string,
    digest: Hex,
    options: { readonly maxBytes: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array>;
}
