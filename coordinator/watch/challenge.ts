import type { ChainHistory } from "../ports/chain-history.ts";
import type { Accusation, Challenge } from "../ports/challenges.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { CandidateRecord, RoundRecord } from "../protocol/views/federation-view.ts";
import type { Fault } from "./find-fault.ts";

/** Everything the contract needs to judge a fault and to know who answers for it. */
export async function challengeOf(
  chain: ChainHistory,
  {
    record,
    posted,
    fault,
  }: { readonly record: RoundRecord; readonly posted: CandidateRecord; readonly fault: Fault },
  challenger: Hex,
): Promise<Challenge> {
  const opening = await openingOf(chain, record);
  const accused = await accusedOf(chain, { record, posted }, challenger);
  const { id, candidate } = posted;
  return { id, candidate, ...opening, proof: fault.proof, accused };
}

/** Everybody who answers for a candidate but the challenger itself. @throws QuorateError NOBODY_TO_ACCUSE */
export async function accusedOf(
  chain: ChainHistory,
  { record, posted }: { readonly record: RoundRecord; readonly posted: CandidateRecord },
  challenger: Hex,
): Promise<readonly Accusation[]> {
  const accused = [
    ...signersOf(posted, challenger),
    ...(await votersOf(chain, record, { posted, challenger })),
  ];
  if (accused.length > 0) return accused;
  throw new QuorateError(
    "NOBODY_TO_ACCUSE",
    `only ${challenger} itself signed candidate ${posted.id}, and nobody can challenge itself`,
    { challenger },
  );
}

/** What of a round's opening only its preimage shows. @throws QuorateError BLOCK_UNKNOWN */
export async function openingOf(
  chain: Pick<ChainHistory, "blockHash">,
  { round, opened, parametersHash }: RoundRecord,
): Promise<Pick<Challenge, "parametersHash" | "previousBlockHash">> {
  const previousBlockHash = await chain.blockHash(opened.block - 1);
  if (previousBlockHash) return { parametersHash, previousBlockHash };
  throw new QuorateError(
    "BLOCK_UNKNOWN",
    `the node has forgotten block ${opened.block - 1}, whose hash a challenge of round ${round} needs; use another --rpc`,
    { block: opened.block - 1 },
  );
}

function signersOf(posted: CandidateRecord, challenger: Hex): Accusation[] {
  return posted.signers
    .filter(({ miner }) => !sameHex(miner, challenger))
    .map(({ signature }) => ({ voter: false, confidence: 0, signature }));
}

/** Yes votes stand signed in the call data of the settlement and of every castVote. */
async function votersOf(
  chain: ChainHistory,
  record: RoundRecord,
  { posted, challenger }: { readonly posted: CandidateRecord; readonly challenger: Hex },
): Promise<Accusation[]> {
  const settled = record.countedVotes.length > record.castVotes.length ? [record.ended!.transaction] : [];
  const transactions = new Set([...record.castVotes.map(({ cast }) => cast.transaction), ...settled]);
  const accused = new Map<Hex, Accusation>();
  // A signer's yes is the same offence as its signature.
  const known = [challenger, ...posted.signers.map(({ miner }) => miner)];
  for (const transaction of transactions)
    for (const vote of await chain.submittedVotes(transaction)) {
      const miner = record.roster[vote.seat]?.miner;
      const counts = vote.support && vote.candidateIndex === posted.index;
      if (!miner || !counts || known.some((other) => sameHex(other, miner))) continue;
      const wasCounted = record.countedVotes.some(
        (counted) => sameHex(counted.miner, miner) && counted.support,
      );
      const wasCast = record.castVotes.some((cast) => sameHex(cast.miner, miner) && cast.support);
      if (!wasCounted && !wasCast) continue;
      accused.set(miner, { voter: true, confidence: vote.confidence, signature: vote.signature });
    }
  return [...accused.values()];
}
