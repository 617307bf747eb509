import type { ChainHistory, SubmittedVote } from "../ports/chain-history.ts";
import type { EvidenceBook } from "../ports/evidence.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import type { Recoverer } from "../ports/signer.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { SignedOnce } from "../protocol/faults/contradiction.ts";
import type { Reason, Vote } from "../protocol/round/messages.ts";
import type { RoundRecord } from "../protocol/views/federation-view.ts";

export interface SightingDeps {
  readonly chain: Pick<ChainHistory, "submittedVotes">;
  readonly federation: Pick<LoadedFederation, "federation">;
  readonly recoverer: Recoverer;
  readonly evidence: EvidenceBook;
}

/** Notes what miners signed on chain: candidates in events, votes in the call data of settlements and of every castVote. */
export function createChainSightings(deps: SightingDeps): (record: RoundRecord) => Promise<void> {
  /** Transactions whose votes are noted, and candidates. */
  const done = new Set<string>();

  const note = (record: RoundRecord, signed: SignedOnce): void => {
    const { domain } = deps.federation.federation;
    const signer = deps.recoverer.recover(domain, signed.kind, signed.message, signed.signature);
    // Skipped votes may be anybody's.
    if (signer && minerOfKey(record, signer)) deps.evidence.note({ signer, signed });
  };

  return async (record) => {
    for (const { id, candidate: message, signers } of record.candidates)
      for (const { signature } of signers)
        if (!done.has(`${id} ${signature}`)) {
          note(record, { kind: "Candidate", message, signature });
          done.add(`${id} ${signature}`);
        }
    for (const transaction of voteTransactions(record)) {
      const key = `${record.openingHash} ${transaction}`;
      if (done.has(key)) continue;
      const votes = await carriedVotes(deps.chain, record, transaction);
      for (const signed of votes ?? []) note(record, signed);
      if (votes) done.add(key);
    }
  };
}

/** The miner that a key spoke for in a round. */
export function minerOfKey(record: RoundRecord, key: Hex): Hex | undefined {
  return record.roster.find((seat) => sameHex(seat.key, key))?.miner;
}

export type SignedVote = Extract<SignedOnce, { kind: "Vote" }>;

/**
 * The votes that a transaction carries in its own call data, forged ones too. One that went through another contract shows
 * none, and that must not keep anybody from proving what can be proven without them.
 * @returns undefined if the node does not give the transaction
 */
export async function carriedVotes(
  chain: Pick<ChainHistory, "submittedVotes">,
  record: RoundRecord,
  transaction: Hex,
): Promise<readonly SignedVote[] | undefined> {
  try {
    const votes = await chain.submittedVotes(transaction);
    return votes.flatMap((vote) => signedVote(record, vote) ?? []);
  } catch (error) {
    if (isQuorateError(error, "VOTES_UNREADABLE")) return [];
    if (isQuorateError(error, "TRANSACTION_MISSING")) return undefined;
    throw error;
  }
}

/** Transactions that brought votes of a round: settlement, and every castVote. */
export function voteTransactions({
  castVotes,
  lateVotes,
  countedVotes,
  skippedVotes,
  ended,
}: RoundRecord): Set<Hex> {
  const cast = [...castVotes, ...lateVotes].map(({ cast: { transaction } }) => transaction);
  // A round that failed by its deadlines was ended by a transaction without votes.
  const batch = countedVotes.length > castVotes.length || skippedVotes.length > 0;
  return new Set([...cast, ...(batch && ended ? [ended.transaction] : [])]);
}

function signedVote(record: RoundRecord, vote: SubmittedVote): SignedVote | undefined {
  const candidate = record.candidates[vote.candidateIndex]?.id;
  if (!candidate) return undefined;
  const { round, openingHash } = record;
  const { support, confidence, reasonIndex, signature } = vote;
  const reason = vote.reason as Reason;
  const message: Vote = { round, openingHash, candidate, support, confidence, reason, reasonIndex };
  return { kind: "Vote", message, signature };
}
