import type { ChainHistory } from "../ports/chain-history.ts";
import type { Accusation, Challenge } from "../ports/challenges.ts";
import type { EvidenceBook } from "../ports/evidence.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import type { Recoverer } from "../ports/signer.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { REASON } from "../protocol/round/messages.ts";
import { CONFIDENCE_FULL_BPS } from "../protocol/round/quality.ts";
import type { CandidateRecord, RoundRecord } from "../protocol/views/federation-view.ts";
import { carriedVotes, minerOfKey, type SignedVote, voteTransactions } from "./chain-sightings.ts";
import type { Fault } from "./find-fault.ts";

/** What shows who answers for a candidate. */
export interface Witnesses {
  readonly chain: Pick<ChainHistory, "submittedVotes" | "blockHash">;
  readonly federation: Pick<LoadedFederation, "federation">;
  readonly recoverer: Recoverer;
  /** What was seen off chain; absent: nothing. */
  readonly evidence?: Pick<EvidenceBook, "sightings">;
}

/** Everything the contract needs to judge a fault and to know who answers for it. */
export async function challengeOf(
  witnesses: Witnesses,
  {
    record,
    posted,
    fault,
  }: { readonly record: RoundRecord; readonly posted: CandidateRecord; readonly fault: Fault },
  challenger: Hex,
): Promise<Challenge> {
  const opening = await openingOf(witnesses.chain, record);
  const accused = await accusedOf(witnesses, { record, posted }, challenger);
  const { id, candidate } = posted;
  return { id, candidate, ...opening, proof: fault.proof, accused };
}

/** Everybody who answers for a candidate but the challenger itself. @throws QuorateError NOBODY_TO_ACCUSE */
export async function accusedOf(
  witnesses: Witnesses,
  { record, posted }: { readonly record: RoundRecord; readonly posted: CandidateRecord },
  challenger: Hex,
): Promise<readonly Accusation[]> {
  const accused = [
    ...signersOf(posted, challenger),
    ...(await votersOf(witnesses, record, { posted, challenger })),
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

/**
 * Miners whose signed yes to a candidate can be shown: from call data, where forged votes may stand beside it, and from
 * what was seen off chain.
 */
async function votersOf(
  { chain, federation, recoverer, evidence }: Witnesses,
  record: RoundRecord,
  { posted, challenger }: { readonly posted: CandidateRecord; readonly challenger: Hex },
): Promise<Accusation[]> {
  const { domain } = federation.federation;
  const accused = new Map<Hex, Accusation>();
  // A signer's yes is the same offence as its signature.
  const known = [challenger, ...posted.signers.map(({ miner }) => miner)];
  const note = (signer: Hex | undefined, { message, signature }: SignedVote): void => {
    const miner = signer && minerOfKey(record, signer);
    if (!miner || known.some((other) => sameHex(other, miner))) return;
    accused.set(miner, { voter: true, confidence: message.confidence, signature });
  };
  for (const transaction of voteTransactions(record))
    for (const vote of (await carriedVotes(chain, record, transaction)) ?? [])
      if (isYes(vote, posted)) note(recoverer.recover(domain, "Vote", vote.message, vote.signature), vote);
  for (const { signer, signed } of evidence?.sightings(record.openingHash) ?? [])
    if (signed.kind === "Vote" && isYes(signed, posted)) note(signer, signed);
  return [...accused.values()];
}

/** As the contract takes it: it knows no yes that gives a reason. */
function isYes({ message }: SignedVote, { id }: CandidateRecord): boolean {
  const { candidate, support, reason, reasonIndex, confidence } = message;
  const plain = reason === REASON.none && reasonIndex === 0n && confidence <= CONFIDENCE_FULL_BPS;
  return support && plain && sameHex(candidate, id);
}
