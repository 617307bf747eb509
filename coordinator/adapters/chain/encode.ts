import type { CandidateMessage, VoteMessage } from "../../ports/transport.ts";
import { type Hex, sameHex, ZERO_HASH } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Candidate } from "../../protocol/round/messages.ts";
import { mayFollow, tally, winner } from "../../protocol/round/tally.ts";
import type { CandidateContent } from "../../protocol/views/events.ts";
import type { RoundRecord } from "../../protocol/views/federation-view.ts";
import { rankOf, votersIn, votesOn, weightOf } from "../../protocol/views/queries.ts";

/** Half a compact signature each: r, and s with the parity in its top bit (EIP-2098). */
interface SplitSignature {
  readonly r: Hex;
  readonly vs: Hex;
}

/** IRoundConsensus.Vote. */
export interface EncodedVote extends SplitSignature {
  readonly seat: number;
  readonly candidateIndex: number;
  readonly support: boolean;
  readonly confidence: number;
  readonly reason: number;
  readonly reasonIndex: bigint;
}

/** IRoundConsensus.ProposerSignature. */
export interface EncodedProposer extends SplitSignature {
  readonly rank: number;
}

/** The part of a candidate that the contract does not know itself. */
export function candidateContent(candidate: Candidate): CandidateContent {
  const { round: _, openingHash: __, baseRoot: ___, updateCount, validationScore, ...content } = candidate;
  return { ...content, updateCount: BigInt(updateCount), validationScore: BigInt(validationScore) };
}

/**
 * The proposers' signatures, ascending by rank.
 * @param order drawn order of the round's miners
 * @throws QuorateError NOT_A_PROPOSER
 */
export function encodeProposers(
  signatures: readonly CandidateMessage[],
  order: readonly Hex[],
): EncodedProposer[] {
  const encoded = signatures.map(({ miner, signature }) => {
    const rank = order.findIndex((drawn) => sameHex(drawn, miner));
    if (rank < 0)
      throw new QuorateError("NOT_A_PROPOSER", `${miner} has no rank in this round's draw`, { miner });
    return { rank, ...splitSignature(signature) };
  });
  return encoded.sort((a, b) => a.rank - b.rank);
}

/**
 * One vote by seat and candidate index; undefined if the voter has no seat or the candidate was never posted, which
 * the contract could only refuse.
 */
export function encodeVote(record: RoundRecord, message: VoteMessage): EncodedVote | undefined {
  const { vote, miner, signature } = message;
  const seat = record.roster.findIndex((member) => sameHex(member.miner, miner));
  const candidateIndex = record.candidates.findIndex(({ id }) => sameHex(id, vote.candidate));
  if (seat < 0 || candidateIndex < 0) return undefined;
  const { support, confidence, reason, reasonIndex } = vote;
  return { seat, candidateIndex, support, confidence, reason, reasonIndex, ...splitSignature(signature) };
}

/** What a settlement carries. */
export interface EncodedSettlement {
  /** Strictly ascending by (seat, candidate index). */
  readonly votes: readonly EncodedVote[];
  /** Of the winner; of zeros if no candidate is agreed, when the contract ignores it. */
  readonly content: CandidateContent;
}

/**
 * The settlement of a round: every vote once, without those that are on chain already, and the content of the candidate
 * that wins by them.
 */
export function encodeSettlement(
  record: RoundRecord,
  order: readonly Hex[] | null,
  messages: readonly VoteMessage[],
): EncodedSettlement {
  const places = new Map<number, { encoded: EncodedVote; message: VoteMessage }>();
  for (const message of messages) {
    const encoded = encodeVote(record, message);
    if (!encoded || isSettledByCast(record, message)) continue;
    const place = 2 * encoded.seat + encoded.candidateIndex;
    if (!places.has(place)) places.set(place, { encoded, message });
  }
  const ascending = [...places].sort(([a], [b]) => a - b).map(([, vote]) => vote);
  const won = winningCandidate(
    record,
    order,
    ascending.map(({ message }) => message),
  );
  return {
    votes: ascending.map(({ encoded }) => encoded),
    content: won ? candidateContent(won) : NO_CONTENT,
  };
}

/** The contract skips a vote whose author has another on chain, unless it may follow that one. */
function isSettledByCast(record: RoundRecord, { miner, vote }: VoteMessage): boolean {
  const cast = record.castVotes.find(
    (one) => sameHex(one.miner, miner) && sameHex(one.candidate, vote.candidate),
  );
  return cast !== undefined && !mayFollow(cast, vote);
}

function winningCandidate(
  record: RoundRecord,
  order: readonly Hex[] | null,
  messages: readonly VoteMessage[],
): Candidate | undefined {
  const judged = record.candidates.map((posted) => {
    const given = messages
      .filter(({ vote }) => sameHex(vote.candidate, posted.id))
      .map(({ miner, vote }) => ({
        miner,
        support: vote.support,
        confidence: vote.confidence,
        weight: weightOf(record, miner),
      }));
    const onChain = votesOn(record, posted.id).filter(
      (cast) => !given.some((vote) => sameHex(vote.miner, cast.miner)),
    );
    const { outcome } = tally({
      votes: [...onChain, ...given],
      signers: posted.signers.map(({ miner }) => ({ miner, weight: weightOf(record, miner) })),
      activeWeight: record.activeWeight,
      struck: posted.struck ?? false,
      voters: votersIn(record),
    });
    return { outcome, rank: rankOf(posted, order), candidate: posted.candidate };
  });
  return winner(judged)?.candidate;
}

export function splitSignature(signature: Hex): SplitSignature {
  return { r: signature.slice(0, 66) as Hex, vs: `0x${signature.slice(66)}` };
}

const NO_CONTENT: CandidateContent = {
  modelRoot: ZERO_HASH,
  modelCid: ZERO_HASH,
  updatesHash: ZERO_HASH,
  manifestCid: ZERO_HASH,
  payoutsRoot: ZERO_HASH,
  payoutsTotal: 0n,
  updateCount: 0n,
  totalSamples: 0n,
  validationScore: 0n,
};
