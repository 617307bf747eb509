import type { SubmittedVote } from "../ports/chain-history.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import { type Domain, REASON, type Reason, type Vote } from "../protocol/round/messages.ts";
import { CONFIDENCE_FULL_BPS } from "../protocol/round/quality.ts";
import type { RoundRecord, VoteRecord } from "../protocol/views/federation-view.ts";
import { isLone } from "../protocol/views/queries.ts";
import type { Audit } from "./verify-round.ts";

/** A vote a transaction carried, and whether the settlement skipped it. */
interface Carried {
  readonly vote: SubmittedVote;
  readonly skipped: boolean;
}

/** What the transactions of a round carried, and those that show no votes because they went through another contract. */
interface Collected {
  readonly carried: readonly Carried[];
  readonly unreadable: ReadonlySet<Hex>;
}

/**
 * Every vote that was counted stands signed in the call data of the settlement or of a castVote, and no valid one there
 * was left out. Of votes sent through another contract nothing is left to check: the contract checked their signatures.
 */
export async function checkVotes(audit: Audit): Promise<void> {
  const { checks, record, options } = audit;
  const { domain } = await options.chain.federation();
  if (record.candidates.length === 0) return;
  const collected = await collectVotes(audit);
  if (!collected) return;
  const { carried } = collected;
  for (const vote of record.countedVotes) checkCounted(audit, domain, vote, collected);
  // What one miner decided alone counts its yes and nothing else.
  if (record.winner !== null && isLone(record)) return;
  for (const { vote, skipped } of carried) {
    if (isCounted(audit, vote)) continue;
    const valid = isValid(audit, domain, vote);
    const name = `uncounted vote of seat ${vote.seat} on candidate ${vote.candidateIndex}`;
    checks.holds(
      name,
      skipped && !valid,
      skipped ? "skipped by the contract" : "neither counted nor skipped",
    );
  }
}

/** The votes of the transaction that ended the round, and of every castVote before it. */
async function collectVotes(audit: Audit): Promise<Collected | undefined> {
  const { record } = audit;
  const cast = new Set(record.castVotes.map((vote) => vote.cast.transaction));
  const carried: Carried[] = [];
  const unreadable = new Set<Hex>();
  for (const transaction of cast) {
    const votes = await votesOf(audit, `castVote ${transaction}`, transaction);
    if (votes === "unreadable") unreadable.add(transaction);
    else carried.push(...(votes ?? []).map((vote) => ({ vote, skipped: false })));
  }
  // failRound carries no votes: it decides by those on chain.
  const failedByCall =
    record.status === "failed" && record.countedVotes.every((vote) => isCast(record.castVotes, vote));
  if (failedByCall && record.skippedVotes.length === 0) return { carried, unreadable };
  const { transaction } = record.ended!;
  const votes = await votesOf(audit, `settlement ${transaction}`, transaction);
  if (votes === "unreadable") return { carried, unreadable: unreadable.add(transaction) };
  const skipped = new Set(record.skippedVotes.map(({ position }) => position));
  carried.push(...(votes ?? []).map((vote, position) => ({ vote, skipped: skipped.has(position) })));
  return votes && { carried, unreadable };
}

/** Anybody may send votes through another contract: that makes an honest round's audit shorter, not wrong. */
async function votesOf({ checks, options }: Audit, name: string, transaction: Hex) {
  try {
    const votes = await options.chain.submittedVotes(transaction);
    return await checks.attempt(name, () => votes);
  } catch (error) {
    if (!isQuorateError(error, "VOTES_UNREADABLE")) return checks.attempt(name, () => Promise.reject(error));
    checks.vouched(name, "sent through another contract, so its call data shows no votes");
    return "unreadable";
  }
}

/** Transactions that may have brought a vote: a later one replaces a withheld-no. */
function mayHaveCarried({ castVotes, ended }: RoundRecord, { miner, candidate }: VoteRecord): Hex[] {
  const cast = castVotes.filter((vote) => vote.miner === miner && vote.candidate === candidate);
  return [...cast.map((vote) => vote.cast.transaction), ...(ended ? [ended.transaction] : [])];
}

function isCast(cast: readonly VoteRecord[], vote: VoteRecord): boolean {
  return cast.some((known) => known.miner === vote.miner && known.candidate === vote.candidate);
}

function checkCounted(
  { checks, record, options }: Audit,
  domain: Domain,
  counted: VoteRecord,
  { carried, unreadable }: Collected,
): void {
  const index = record.candidates.findIndex(({ id }) => sameHex(id, counted.candidate));
  const name = `vote of ${counted.miner} on candidate ${index}: ${counted.support ? "yes" : "no"}`;
  const seat = record.roster.findIndex((member) => sameHex(member.miner, counted.miner));
  // A withheld-no that was replaced by a yes is carried too: the last one of the place is the one that counts.
  const submitted = carried.findLast(
    ({ vote, skipped }) => !skipped && vote.seat === seat && vote.candidateIndex === index,
  )?.vote;
  const same =
    submitted?.support === counted.support &&
    submitted.confidence === counted.confidence &&
    submitted.reason === counted.reason;
  if (!same && mayHaveCarried(record, counted).some((transaction) => unreadable.has(transaction))) {
    checks.vouched(name, "its signature went through another contract; the contract checked it");
    return;
  }
  if (!submitted) {
    checks.blocked(name, "no transaction of the round carries it");
    return;
  }
  const signer = same
    ? options.recoverer.recover(
        domain,
        "Vote",
        message(record, counted.candidate, submitted),
        submitted.signature,
      )
    : undefined;
  const { reason, confidence } = counted;
  checks.equal(
    name,
    record.roster[seat]?.key,
    signer,
    `confidence ${confidence}${counted.support ? "" : `, reason ${reason}`}; voting key against the recovered signer`,
  );
}

function isCounted({ record }: Audit, vote: SubmittedVote): boolean {
  return record.countedVotes.some(
    (counted) =>
      sameHex(counted.miner, record.roster[vote.seat]?.miner ?? "") &&
      sameHex(counted.candidate, record.candidates[vote.candidateIndex]?.id ?? ""),
  );
}

/** Whether the contract had to count a vote: known seat and candidate, values in range, signed by the seat's key. */
function isValid({ record, options }: Audit, domain: Domain, vote: SubmittedVote): boolean {
  const seat = record.roster[vote.seat];
  const candidate = record.candidates[vote.candidateIndex];
  if (!seat || !candidate) return false;
  const { support, confidence, reason, reasonIndex, signature } = vote;
  const lowest = support ? Number(record.parameters.minConfidenceBps) : CONFIDENCE_FULL_BPS;
  if (confidence < lowest || confidence > CONFIDENCE_FULL_BPS) return false;
  const named = support
    ? reason === REASON.none && reasonIndex === 0n
    : reason >= REASON.coordinate && reason <= REASON.payouts;
  if (!named) return false;
  const signer = options.recoverer.recover(domain, "Vote", message(record, candidate.id, vote), signature);
  return signer !== undefined && sameHex(signer, seat.key);
}

function message(round: { round: bigint; openingHash: Hex }, candidate: Hex, vote: SubmittedVote): Vote {
  const { support, confidence, reason, reasonIndex } = vote;
  return {
    round: round.round,
    openingHash: round.openingHash,
    candidate,
    support,
    confidence,
    reason: reason as Reason,
    reasonIndex,
  };
}
