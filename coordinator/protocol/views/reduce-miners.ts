import type { Hex } from "../bytes.ts";
import { type Draft, type EventOf, type Reducers, updateMiner, updateRound } from "./draft.ts";
import type { ContractParameters } from "./events.ts";
import type { MinerStatus, MinerView, RoundRecord, ScoreRecord } from "./federation-view.ts";
import { minerOfWord, reputationOfWord, voteOfWord, WAD_PER_STEP } from "./vote-word.ts";

/** In the order of the contract's enum. */
const STATUSES: readonly MinerStatus[] = [
  "none",
  "joining",
  "active",
  "suspending",
  "inactive",
  "exiting",
  "exited",
];

const MOST_WEIGHT = (1n << 88n) - 1n;

/** How the events of MinerRegistry change miners, seats and rounds. */
export const MINER_REDUCERS: Reducers = {
  MinerRegistered: register,
  StakeAdded(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ stake: args.stake }));
  },
  KeyQueued(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ nextKey: args.key }));
  },
  EndpointChanged(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ endpoint: args.endpoint }));
  },
  ExitQueued(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ status: "exiting" }));
  },
  DeactivationQueued(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ status: "suspending", absent: true }));
  },
  ReactivationQueued(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ status: "joining", absent: false }));
  },
  MinerChanged: applyChange,
  UnbondingStarted(draft, { args, time }) {
    // In a pause it begins when that ends, and so do those times that lay ahead before it.
    const waits = draft.pause ? time - draft.pause.since : 0;
    updateMiner(draft, args.miner, (miner) => ({
      status: "exited",
      stake: 0n,
      unbonding: miner.unbonding + args.amount,
      releaseAt: Number(args.releaseAt) - waits,
    }));
  },
  StakeWithdrawn(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ unbonding: 0n, releaseAt: 0 }));
  },
  StakeSlashed: slash,
  VotesCounted: countVotes,
  PresenceProven: provePresence,
};

function register(draft: Draft, event: EventOf<"MinerRegistered">): void {
  const { miner, key, stake, endpoint } = event.args;
  const known = draft.miners.get(miner.toLowerCase());
  const start = (draft.nextParameters?.reputationStart ?? 0n) * WAD_PER_STEP;
  const fresh: MinerView = {
    miner,
    status: "none",
    endpoint,
    stake: 0n,
    unbonding: 0n,
    releaseAt: 0,
    slashed: 0n,
    key: miner,
    nextKey: key,
    reputation: start,
    recorded: { reputation: start, ballot: draft.ballots },
    weight: 0n,
    voted: 0,
    missed: 0,
    lastVoted: null,
    seatedAt: draft.ballots,
    absent: false,
  };
  // An owner that comes back keeps its reputation and its record.
  const record = {
    ...(known ?? fresh),
    status: "joining" as const,
    endpoint,
    stake,
    nextKey: key,
    absent: false,
  };
  draft.miners.set(miner.toLowerCase(), record);
}

/** A queued change took effect: who joins takes the last seat; the last seat moves to where somebody left. */
function applyChange(draft: Draft, event: EventOf<"MinerChanged">): void {
  const { miner, key, weight } = event.args;
  const status = STATUSES[Number(event.args.status)] ?? "none";
  const address = miner.toLowerCase();
  const seat = draft.seats.indexOf(address);
  const moves = status === "active" ? seat < 0 : seat >= 0;
  if (status === "active" && seat < 0) draft.seats.push(address);
  if (status !== "active" && seat >= 0) {
    const last = draft.seats.pop()!;
    if (last !== address) draft.seats[seat] = last;
  }
  updateMiner(draft, miner, (record) => ({
    status,
    key,
    nextKey: key,
    weight,
    ...(moves && status === "active" && { seatedAt: draft.ballots }),
    ...(moves && { recorded: { reputation: record.reputation, ballot: draft.ballots } }),
  }));
}

/** The one reputation event of a round: those named voted, the other members of its roster missed it. */
function countVotes(draft: Draft, event: EventOf<"VotesCounted">): void {
  const { round, votes } = event.args;
  draft.ballots += 1;
  const ballot = draft.ballots;
  const reputations = new Map(
    votes.map((word) => [minerOfWord(word, draft.rounds.get(round)), reputationOfWord(word)]),
  );
  const scores = [...reputations].map(([miner, reputation]): ScoreRecord => {
    const known = draft.miners.get(miner.toLowerCase());
    const before = known ? afterMissed(known.recorded, ballot - 1, draft.parameters) : 0n;
    const stake = known?.stake ?? 0n;
    return { miner, before, reputation, stake, weight: weightDown(stake, reputation) };
  });
  const present = scores.map(({ miner }) => miner);
  for (const { miner, reputation, weight } of scores)
    updateMiner(draft, miner, (known) => ({
      reputation,
      recorded: { reputation, ballot },
      weight,
      voted: known.voted + 1,
      lastVoted: round,
    }));
  for (const { miner } of absentees(draft.rounds.get(round), present))
    updateMiner(draft, miner, (known) => ({
      missed: known.missed + 1,
      reputation: afterMissed(known.recorded, ballot, draft.parameters),
    }));
  updateRound(draft, round, (record) => ({
    ballot,
    scores,
    countedVotes: votes.map((word) => voteOfWord(word, record)),
  }));
}

/** Its vote counts no more in the open round, and its seat is lost at the next opening. */
function slash(draft: Draft, event: EventOf<"StakeSlashed">): void {
  const { miner, slashed, stake, unbonding } = event.args;
  updateMiner(draft, miner, (known) => ({
    stake,
    unbonding,
    slashed: known.slashed + slashed,
    weight: 0n,
    absent: false,
    ...((known.status === "active" || known.status === "joining") && { status: "suspending" }),
  }));
  updateRound(draft, draft.latestRound, (record) => {
    const seat = record.roster.find((member) => member.miner === miner);
    if (record.status !== "open" || !seat || record.jailed.includes(miner)) return {};
    return { jailed: [...record.jailed, miner], activeWeight: record.activeWeight - seat.weight };
  });
}

function provePresence(draft: Draft, event: EventOf<"PresenceProven">): void {
  const { round, miner, reputation } = event.args;
  const ballot = draft.rounds.get(round)?.ballot ?? 0;
  updateMiner(draft, miner, (known) => {
    const recorded = { reputation, ballot: Math.max(known.recorded.ballot, ballot) };
    return {
      recorded,
      reputation: afterMissed(recorded, draft.ballots, draft.parameters),
      missed: known.missed - 1,
      voted: known.voted + 1,
      lastVoted: known.lastVoted !== null && known.lastVoted > round ? known.lastVoted : round,
    };
  });
}

/** contracts/libraries/Reputation.sol, weightDown: a seat holds at most 88 bits. */
function weightDown(stake: bigint, reputation: bigint): bigint {
  const weight = (stake * reputation) / (10_000n * WAD_PER_STEP);
  return weight > MOST_WEIGHT ? MOST_WEIGHT : weight;
}

function absentees(record: RoundRecord | undefined, present: readonly Hex[]): { miner: Hex }[] {
  return (record?.roster ?? []).filter((seat) => !present.includes(seat.miner));
}

/** contracts/libraries/Reputation.sol, afterMissed: a reputation below a raised minimum is not lifted by absence. */
function afterMissed(
  recorded: MinerView["recorded"],
  ballots: number,
  parameters: ContractParameters | null,
): bigint {
  const { reputation, ballot } = recorded;
  if (!parameters || ballot >= ballots) return reputation;
  const fall = BigInt(ballots - ballot) * parameters.reputationLoss * WAD_PER_STEP;
  const minimum = parameters.reputationMin * WAD_PER_STEP;
  const floor = reputation < minimum ? reputation : minimum;
  return fall + floor >= reputation ? floor : reputation - fall;
}
