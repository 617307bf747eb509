import type { Hex } from "../bytes.ts";

/** How a value of a contract event is read. Every integer is a bigint, whatever its width. */
type Kind = "uint" | "bool" | "bytes32" | "address" | "string" | "uints" | "bytes32s" | "addresses";
type Fields = { readonly [name: string]: Kind | Fields };

type ValueOf<K> = K extends "uint"
  ? bigint
  : K extends "bool"
    ? boolean
    : K extends "bytes32" | "address"
      ? Hex
      : K extends "string"
        ? string
        : K extends "uints"
          ? readonly bigint[]
          : K extends "bytes32s" | "addresses"
            ? readonly Hex[]
            : { readonly [F in keyof K]: ValueOf<K[F]> };

const PARAMETERS = {
  collectMin: "uint",
  collectMax: "uint",
  proposeSlot: "uint",
  voteWindow: "uint",
  voteGrace: "uint",
  challengeWindow: "uint",
  answerTime: "uint",
  minRoundInterval: "uint",
  quorumBps: "uint",
  minConfidenceBps: "uint",
  reputationStart: "uint",
  reputationMin: "uint",
  reputationMax: "uint",
  reputationGain: "uint",
  reputationLoss: "uint",
  absenceLimit: "uint",
  roundBudget: "uint",
  minStake: "uint",
  maxStake: "uint",
} as const satisfies Fields;

const CONTENT = {
  modelRoot: "bytes32",
  modelCid: "bytes32",
  updatesHash: "bytes32",
  manifestCid: "bytes32",
  payoutsRoot: "bytes32",
  payoutsTotal: "uint",
  updateCount: "uint",
  totalSamples: "uint",
  validationScore: "uint",
} as const satisfies Fields;

const SIGNERS = {
  round: "uint",
  candidate: "bytes32",
  signers: "addresses",
  signatures: "bytes32s",
} as const;

/** Every event of the federation's contracts and the kinds of its fields; contracts/interfaces says what they mean. */
export const EVENT_FIELDS = {
  RoundOpened: {
    round: "uint",
    openingHash: "bytes32",
    baseRoot: "bytes32",
    members: "uint",
    updateTarget: "uint",
  },
  SeedFrozen: { round: "uint", seed: "uint", seedBlock: "uint" },
  CandidatePosted: { ...SIGNERS, index: "uint", content: CONTENT },
  CandidateCosigned: SIGNERS,
  VoteCast: {
    round: "uint",
    candidate: "bytes32",
    miner: "address",
    support: "bool",
    confidence: "uint",
    reason: "uint",
    reasonIndex: "uint",
  },
  VoteSkipped: { round: "uint", position: "uint", seat: "uint", fault: "uint" },
  RoundAgreed: {
    round: "uint",
    candidate: "bytes32",
    settlement: "uint",
    payoutsRoot: "bytes32",
    payoutsTotal: "uint",
    ratioBps: "uint",
    participationBps: "uint",
    finalAt: "uint",
  },
  RoundDegraded: { round: "uint", candidate: "bytes32", miner: "address", confidence: "uint" },
  RoundRatified: { round: "uint", by: "uint", finalAt: "uint" },
  RoundFailed: { round: "uint", candidateCount: "uint", participationBps: "uint", finalAt: "uint" },
  CandidateStruck: { round: "uint", candidate: "bytes32" },
  RoundReverted: { round: "uint", settlement: "uint", modelRoot: "bytes32" },
  RoundVoided: { round: "uint" },
  ParametersQueued: { parameters: PARAMETERS },
  ParametersChanged: { parametersHash: "bytes32" },
  FederationPaused: { by: "address", until: "uint" },
  FederationResumed: { by: "address", pausedAt: "uint", pausedTime: "uint" },

  MinerRegistered: { miner: "address", key: "address", stake: "uint", endpoint: "string" },
  StakeAdded: { miner: "address", amount: "uint", stake: "uint" },
  KeyQueued: { miner: "address", key: "address" },
  EndpointChanged: { miner: "address", endpoint: "string" },
  ExitQueued: { miner: "address", stake: "uint" },
  DeactivationQueued: { miner: "address", absences: "uint" },
  ReactivationQueued: { miner: "address" },
  MinerChanged: { miner: "address", status: "uint", key: "address", weight: "uint" },
  UnbondingStarted: { miner: "address", amount: "uint", releaseAt: "uint" },
  StakeWithdrawn: { miner: "address", amount: "uint" },
  VotesCounted: { round: "uint", votes: "uints" },
  StakeSlashed: {
    miner: "address",
    slashed: "uint",
    stake: "uint",
    unbonding: "uint",
    finder: "address",
    bounty: "uint",
  },
  PresenceProven: { round: "uint", miner: "address", reputation: "uint" },

  ClientChanged: {
    client: "address",
    key: "address",
    sampleCap: "uint",
    active: "bool",
    fromRound: "uint",
    count: "uint",
  },
  AllowListChanged: { client: "address", allowed: "bool" },
  AllowListRequired: { required: "bool" },
  DefaultSampleCapChanged: { sampleCap: "uint" },

  Funded: { from: "address", amount: "uint", funded: "uint" },
  PayoutsReverted: { settlement: "uint" },
  Claimed: { account: "address", settlement: "uint", amount: "uint", cumulative: "uint" },

  Committed: { commitment: "bytes32", challenger: "address" },
  CandidateDisproven: { round: "uint", candidate: "bytes32", finder: "address", slashBps: "uint" },
  CoordinateWrong: { candidate: "bytes32", coordinate: "uint", verdict: "uint" },
  ReferenceWrong: { candidate: "bytes32", index: "uint", fault: "uint" },
  LeafRequested: {
    id: "bytes32",
    round: "uint",
    candidate: "bytes32",
    requester: "address",
    index: "uint",
    leaf: "uint",
    modelRoot: "bytes32",
    dueAt: "uint",
    decidedBy: "uint",
    bond: "uint",
  },
  LeafAnswered: { id: "bytes32", round: "uint", candidate: "bytes32", answerer: "address", paid: "uint" },
  LeafWithheld: { id: "bytes32", round: "uint", candidate: "bytes32" },
  BondReleased: { id: "bytes32", round: "uint", candidate: "bytes32", requester: "address" },
  ReceiptBroken: {
    round: "uint",
    candidate: "bytes32",
    miner: "address",
    client: "address",
    modelRoot: "bytes32",
  },
  Punished: { miner: "address", offence: "bytes32", slashed: "uint", finder: "address", bounty: "uint" },

  Founded: { epoch: "uint", configHash: "bytes32", members: "uints" },
  Anchored: {
    count: "uint",
    epoch: "uint",
    height: "uint",
    blockHash: "bytes32",
    stateRoot: "bytes32",
    decisionsRoot: "bytes32",
    nextConfigHash: "bytes32",
    signers: "uint",
  },
  EquivocationProven: { miner: "address", epoch: "uint", height: "uint", slashed: "uint" },
} as const satisfies Readonly<Record<string, Fields>>;

export type EventName = keyof typeof EVENT_FIELDS;
export type EventArguments = { readonly [N in EventName]: ValueOf<(typeof EVENT_FIELDS)[N]> };

/** Parameters of a federation as the contract holds them, all integers. */
export type ContractParameters = ValueOf<typeof PARAMETERS>;
/** What a proposer says, as the contract takes it. */
export type CandidateContent = ValueOf<typeof CONTENT>;

/** Where an event stands on the chain. */
export interface EventOrigin {
  readonly transaction: Hex;
  readonly block: number;
  readonly blockHash: Hex;
  /** Block time, seconds. */
  readonly time: number;
  readonly logIndex: number;
}

/** An event of one of the federation's contracts, decoded. `switch (event.name)` tells the type of `event.args`. */
export type ChainEvent = {
  [N in EventName]: EventOrigin & { readonly name: N; readonly args: EventArguments[N] };
}[EventName];

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(EVENT_FIELDS, name);
}

/** A domain event from values by field name, as any ABI decoder gives them (numbers or bigints). */
export function chainEvent(
  name: EventName,
  values: Readonly<Record<string, unknown>>,
  origin: EventOrigin,
): ChainEvent {
  const { transaction, block, blockHash, time, logIndex } = origin;
  const args = readFields(EVENT_FIELDS[name], values);
  return { transaction, block, blockHash, time, logIndex, name, args } as unknown as ChainEvent;
}

function readFields(fields: Fields, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, kind]) => [name, readValue(kind, values[name])]),
  );
}

function readValue(kind: Kind | Fields, value: unknown): unknown {
  if (typeof kind === "object") return readFields(kind, value as Readonly<Record<string, unknown>>);
  if (kind === "uint") return BigInt(value as bigint | number);
  if (kind === "uints") return [...(value as Iterable<bigint | number>)].map(BigInt);
  if (kind === "addresses" || kind === "bytes32s") return [...(value as Iterable<Hex>)];
  return value;
}

/** Contracts whose events make up a federation's history. */
export const EVENT_SOURCES = [
  "RoundConsensus",
  "MinerRegistry",
  "ClientRegistry",
  "RewardDistributor",
  "FaultProofs",
  "CheckpointRegistry",
] as const;
