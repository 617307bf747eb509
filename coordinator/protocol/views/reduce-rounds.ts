import { type Hex, ZERO_HASH } from "../bytes.ts";
import type { Candidate } from "../round/messages.ts";
import { type Draft, type EventOf, momentOf, type Reducers, updateRound, withTransaction } from "./draft.ts";
import { drawOrder, seedOfBlockHash } from "./draw.ts";
import type { CandidateContent } from "./events.ts";
import type { CandidateRecord, RoundRecord, Seat } from "./federation-view.ts";
import { DEGRADED_REDUCERS, failProvisionally } from "./reduce-degraded.ts";

/** How the events of RoundConsensus change the rounds. */
export const ROUND_REDUCERS: Reducers = {
  ParametersChanged(draft, { args }) {
    draft.parameters = draft.nextParameters;
    draft.parametersHash = args.parametersHash;
  },
  ParametersQueued(draft, { args }) {
    draft.nextParameters = args.parameters;
  },
  RoundOpened: open,
  SeedFrozen(draft, { args, transaction }) {
    updateRound(draft, args.round, (record) => ({
      seed: args.seed,
      seedBlock: Number(args.seedBlock),
      transactions: withTransaction(record, transaction),
    }));
  },
  CandidatePosted: post,
  CandidateCosigned: cosign,
  VoteCast: castVote,
  VoteSkipped(draft, { args }) {
    const skipped = { position: Number(args.position), seat: Number(args.seat), fault: Number(args.fault) };
    updateRound(draft, args.round, (record) => ({ skippedVotes: [...record.skippedVotes, skipped] }));
  },
  RoundAgreed: agree,
  RoundFailed(draft, event) {
    const { round, participationBps, finalAt } = event.args;
    updateRound(draft, round, (record) => ({
      status: "failed",
      ended: momentOf(event),
      participationBps: Number(participationBps),
      finalAt: Number(finalAt),
      transactions: withTransaction(record, event.transaction),
    }));
    failProvisionally(draft, round);
  },
  CandidateStruck(draft, event) {
    const { round, candidate } = event.args;
    updateRound(draft, round, (record) => ({
      candidates: record.candidates.map((known) =>
        known.id === candidate ? { ...known, struck: true } : known,
      ),
      transactions: withTransaction(record, event.transaction),
    }));
  },
  ...DEGRADED_REDUCERS,
};

/** A round in which nothing has happened yet. */
const FRESH_ROUND = {
  status: "open",
  held: 0,
  votesHeld: 0,
  seed: null,
  seedBlock: null,
  candidates: [],
  castVotes: [],
  lateVotes: [],
  countedVotes: [],
  skippedVotes: [],
  ended: null,
  winner: null,
  settlement: null,
  ratioBps: null,
  participationBps: null,
  finalAt: null,
  provisional: false,
  unratified: false,
  ballot: null,
  scores: [],
  jailed: [],
  faults: [],
  requests: [],
  brokenReceipts: [],
} as const satisfies Partial<RoundRecord>;

function open(draft: Draft, event: EventOf<"RoundOpened">): void {
  const { members: _, updateTarget, ...opening } = event.args;
  const { parameters, parametersHash } = draft;
  // The constructor announces the first parameters, so only a read that starts after it can lack them.
  if (!parameters) return;
  const roster = draft.seats.map((address): Seat => {
    const { miner, key, weight } = draft.miners.get(address)!;
    return { miner, key, weight };
  });
  const base = draft.settlements.get(draft.latestSettlement);
  const settledHere = draft.rounds.get(draft.latestRound)?.ended?.transaction === event.transaction;
  draft.latestRound = opening.round;
  draft.rounds.set(opening.round, {
    ...FRESH_ROUND,
    ...opening,
    opened: momentOf(event),
    parameters,
    parametersHash: parametersHash ?? ZERO_HASH,
    updateTarget: Number(updateTarget),
    baseCid: baseCidOf(draft),
    roster,
    activeWeight: roster.reduce((sum, seat) => sum + seat.weight, 0n),
    payoutsRoot: base?.root ?? ZERO_HASH,
    payoutsTotal: base?.total ?? 0n,
    baseSettlement: draft.latestSettlement,
    standsOn: draft.degraded,
    generation: 1n + (base?.generation ?? 0n) + BigInt(draft.degraded.length),
    transactions: settledHere ? [] : [event.transaction],
  });
}

/** The file of the head: of the last degraded round, else of the last settlement. */
function baseCidOf(draft: Draft): Hex {
  const last = draft.rounds.get(draft.degraded.at(-1) ?? 0n);
  const won = last?.candidates.find(({ id }) => id === last.winner);
  return won?.candidate.modelCid ?? draft.settlements.get(draft.latestSettlement)?.modelCid ?? ZERO_HASH;
}

function post(draft: Draft, event: EventOf<"CandidatePosted">): void {
  const { round, candidate, index, content, signers, signatures } = event.args;
  updateRound(draft, round, (record) => {
    const posted: CandidateRecord = {
      id: candidate,
      index: Number(index),
      candidate: candidateOf(record, content),
      signers: signedBy(signers, signatures),
      posted: momentOf(event),
    };
    return {
      candidates: [...record.candidates, posted],
      votesHeld: 0,
      // A proposal that freezes another seed than the usual one says so before.
      seed: record.seed ?? seedOfBlockHash(record.opened.blockHash),
      seedBlock: record.seedBlock ?? record.opened.block,
      transactions: withTransaction(record, event.transaction),
    };
  });
}

function cosign(draft: Draft, event: EventOf<"CandidateCosigned">): void {
  const { round, candidate, signers, signatures } = event.args;
  const added = signedBy(signers, signatures);
  updateRound(draft, round, (record) => ({
    candidates: record.candidates.map((known) =>
      known.id === candidate ? { ...known, signers: signersByRank(record, known, added) } : known,
    ),
    transactions: withTransaction(record, event.transaction),
  }));
}

function castVote(draft: Draft, event: EventOf<"VoteCast">): void {
  const { round, candidate, miner, support, confidence, reason, reasonIndex } = event.args;
  const vote = {
    miner,
    candidate,
    support,
    confidence: Number(confidence),
    reason: Number(reason),
    reasonIndex,
    cast: momentOf(event),
  };
  const replace = (votes: RoundRecord["castVotes"]) => [
    ...votes.filter((known) => known.miner !== miner || known.candidate !== candidate),
    vote,
  ];
  updateRound(draft, round, (record) => ({
    ...(record.ended ? { lateVotes: replace(record.lateVotes) } : { castVotes: replace(record.castVotes) }),
    transactions: withTransaction(record, event.transaction),
  }));
}

function agree(draft: Draft, event: EventOf<"RoundAgreed">): void {
  const { round, candidate, settlement, ratioBps, participationBps, finalAt } = event.args;
  const { payoutsRoot, payoutsTotal } = event.args;
  const won = draft.rounds.get(round)?.candidates.find(({ id }) => id === candidate);
  // No root: the last one stays in force.
  const root =
    payoutsRoot === ZERO_HASH ? (draft.settlements.get(settlement - 1n)?.root ?? ZERO_HASH) : payoutsRoot;
  draft.settlements.set(settlement, {
    settlement,
    round,
    generation: draft.rounds.get(round)?.generation ?? 0n,
    modelCid: won?.candidate.modelCid ?? ZERO_HASH,
    root,
    total: payoutsTotal,
    finalAt: Number(finalAt),
  });
  draft.latestSettlement = settlement;
  updateRound(draft, round, (record) => ({
    status: "agreed",
    ended: momentOf(event),
    winner: candidate,
    settlement,
    ratioBps: Number(ratioBps),
    participationBps: Number(participationBps),
    finalAt: Number(finalAt),
    transactions: withTransaction(record, event.transaction),
  }));
}

/** The signed message: the posted content with what the contract knows of the round. */
function candidateOf(record: RoundRecord, content: CandidateContent): Candidate {
  return {
    ...content,
    round: record.round,
    openingHash: record.openingHash,
    baseRoot: record.baseRoot,
    updateCount: Number(content.updateCount),
    validationScore: Number(content.validationScore),
  };
}

/** Signers with their signatures, which the event holds as r and vs of each in turn. */
function signedBy(signers: readonly Hex[], words: readonly Hex[]): CandidateRecord["signers"] {
  return signers.map((miner, k) => ({
    miner,
    signature: `${words[2 * k]!}${words[2 * k + 1]!.slice(2)}` as Hex,
  }));
}

/** A later signature may be the primary's: the union is put in the order of the draw, which is fixed by then. */
function signersByRank(
  record: RoundRecord,
  known: CandidateRecord,
  added: CandidateRecord["signers"],
): CandidateRecord["signers"] {
  const order = record.seed === null ? [] : drawOrder(record.seed, record.roster);
  const union = new Map([...known.signers, ...added].map((signer) => [signer.miner, signer]));
  return [...union.values()].sort((a, b) => order.indexOf(a.miner) - order.indexOf(b.miner));
}
