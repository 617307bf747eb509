import type { Hex } from "../bytes.ts";
import { type Draft, type EventOf, type Reducers, updateMiner, updateRound } from "./draft.ts";
import type { ContractParameters } from "./events.ts";
import type { MinerStatus, MinerView, RoundRecord, ScoreRecord } from "./federation-view.ts";

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

/** WAD per 1/10,000, the contract's unit of reputation. */
const WAD_PER_STEP = 10n ** 14n;

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
    updateMiner(draft, args.miner, () => ({ status: "suspending" }));
  },
  ReactivationQueued(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ status: "joining" }));
  },
  MinerChanged: applyChange,
  UnbondingStarted(draft, { args }) {
    updateMiner(draft, args.miner, (miner) => ({
      status: "exited",
      stake: 0n,
      unbonding: miner.unbonding + args.amount,
      releaseAt: Number(args.releaseAt),
    }));
  },
  StakeWithdrawn(draft, { args }) {
    updateMiner(draft, args.miner, () => ({ unbonding: 0n, releaseAt: 0 }));
  },
  MinersScored: score,
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
    key: miner,
    nextKey: key,
    reputation: start,
    recorded: { reputation: start, ballot: draft.ballots },
    weight: 0n,
    voted: 0,
    missed: 0,
    lastVoted: null,
  };
  // An owner that comes back keeps its reputation and its record.
  const record = { ...(known ?? fresh), status: "joining" as const, endpoint, stake, nextKey: key };
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
    ...(moves && { recorded: { reputation: record.reputation, ballot: draft.ballots } }),
  }));
}

/** The one reputation event of a round: those named voted, the other members of its roster missed it. */
function score(draft: Draft, event: EventOf<"MinersScored">): void {
  const { round, miners, reputations, weights } = event.args;
  draft.ballots += 1;
  const ballot = draft.ballots;
  const scores = miners.map((miner, k): ScoreRecord => {
    const known = draft.miners.get(miner.toLowerCase());
    return {
      miner,
      before: known ? afterMissed(known.recorded, ballot - 1, draft.parameters) : 0n,
      reputation: reputations[k]!,
      stake: known?.stake ?? 0n,
      weight: weights[k]!,
    };
  });
  for (const { miner, reputation, weight } of scores)
    updateMiner(draft, miner, (known) => ({
      reputation,
      recorded: { reputation, ballot },
      weight,
      voted: known.voted + 1,
      lastVoted: round,
    }));
  for (const { miner } of absentees(draft.rounds.get(round), miners))
    updateMiner(draft, miner, (known) => ({
      missed: known.missed + 1,
      reputation: afterMissed(known.recorded, ballot, draft.parameters),
    }));
  updateRound(draft, round, () => ({ ballot, scores }));
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
