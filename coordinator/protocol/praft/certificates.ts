import type { Committee } from "./config.ts";
import { weightOf } from "./config.ts";
import type { Timeout, Vote } from "./messages.ts";
import { timeoutDigest, voteDigest } from "./statements.ts";
import type { QuorumCertificate, Rank, TimeoutCertificate } from "./types.ts";

/** What the engine needs of a signature scheme; the port `SignatureScheme` has it. */
export interface Signatures {
  sign(secretKey: Uint8Array, digest: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean;
  aggregate(signatures: readonly Uint8Array[]): Uint8Array;
  verifyAggregate(
    publicKeys: readonly Uint8Array[],
    digests: Uint8Array | readonly Uint8Array[],
    aggregate: Uint8Array,
  ): boolean;
}

/** Negative, zero or positive as `a` ranks below, with or above `b`. */
export function compareRank(a: Rank, b: Rank): number {
  return a.view - b.view || a.height - b.height;
}

export function sameRank(a: Rank, b: Rank): boolean {
  return a.view === b.view && a.height === b.height;
}

/** Votes of distinct members for one block, weight ≥ Q. */
export function certify(scheme: Signatures, votes: readonly Vote[]): QuorumCertificate {
  const sorted = votes.toSorted((a, b) => a.signer - b.signer);
  const { epoch, view, height, blockHash } = sorted[0]!;
  const signers = sorted.map((vote) => vote.signer);
  const signature = scheme.aggregate(sorted.map((vote) => vote.signature));
  return { epoch, view, height, blockHash, signers, signature };
}

/** Timeouts of distinct members for one view, weight ≥ Q. */
export function certifyTimeouts(scheme: Signatures, timeouts: readonly Timeout[]): TimeoutCertificate {
  const sorted = timeouts.toSorted((a, b) => a.signer - b.signer);
  const { epoch, view } = sorted[0]!;
  return {
    epoch,
    view,
    entries: sorted.map(({ signer, highQc }) => ({ signer, view: highQc.view, height: highQc.height })),
    signature: scheme.aggregate(sorted.map((timeout) => timeout.signature)),
    highQc: sorted.map((timeout) => timeout.highQc).reduce((a, b) => (compareRank(b, a) > 0 ? b : a)),
  };
}

/** The largest rank reported in it. */
export function largestRank(tc: TimeoutCertificate): Rank {
  return tc.entries.reduce<Rank>((a, b) => (compareRank(b, a) > 0 ? b : a), tc.entries[0]!);
}

/** True for weight ≥ Q of distinct members over this block; the block an epoch starts from is checked by the engine. */
export function isQuorumCertificate(
  scheme: Signatures,
  committee: Committee,
  qc: QuorumCertificate,
): boolean {
  if (qc.epoch !== committee.epoch || !areMembers(committee, qc.signers)) return false;
  if (weightOf(committee, qc.signers) < committee.quorum) return false;
  const keys = qc.signers.map((signer) => committee.members[signer]!.voteKey);
  return scheme.verifyAggregate(keys, voteDigest(committee, qc, qc.blockHash), qc.signature);
}

/**
 * True for weight ≥ Q of distinct members who gave up one view. Its `highQc` must have the largest rank reported; whether
 * that certificate itself is valid is checked apart.
 */
export function isTimeoutCertificate(
  scheme: Signatures,
  committee: Committee,
  tc: TimeoutCertificate,
): boolean {
  const signers = tc.entries.map((entry) => entry.signer);
  if (tc.epoch !== committee.epoch || !areMembers(committee, signers)) return false;
  if (weightOf(committee, signers) < committee.quorum) return false;
  if (!sameRank(largestRank(tc), tc.highQc) || tc.highQc.view > tc.view) return false;
  const keys = signers.map((signer) => committee.members[signer]!.voteKey);
  const digests = tc.entries.map((entry) => timeoutDigest(committee, tc.view, entry));
  return scheme.verifyAggregate(keys, digests, tc.signature);
}

/** Strictly rising, so that nobody counts twice, and all within the committee. */
export function areMembers({ members }: Committee, signers: readonly number[]): boolean {
  return signers.every(
    (signer, i) => signer >= 0 && signer < members.length && (i === 0 || signer > signers[i - 1]!),
  );
}
