import { compareRank, type Signatures, sameRank } from "./certificates.ts";
import type { Committee } from "./config.ts";
import type { Checkpoint, Proposed, Timeout, Vote } from "./messages.ts";
import { checkpointDigest, proposeDigest, timeoutDigest, voteDigest } from "./statements.ts";

/** Two statements one member signed and no honest member would. */
export type Evidence =
  | { readonly kind: "vote"; readonly first: Vote; readonly second: Vote }
  | { readonly kind: "propose"; readonly first: Proposed; readonly second: Proposed }
  | { readonly kind: "timeout"; readonly first: Timeout; readonly second: Timeout }
  | { readonly kind: "checkpoint"; readonly first: Checkpoint; readonly second: Checkpoint };

export function voteSigned(scheme: Signatures, committee: Committee, vote: Vote): boolean {
  const member = committee.members[vote.signer];
  if (!member || vote.epoch !== committee.epoch) return false;
  return scheme.verify(member.voteKey, voteDigest(committee, vote, vote.blockHash), vote.signature);
}

export function proposalSigned(scheme: Signatures, committee: Committee, proposal: Proposed): boolean {
  const member = committee.members[proposal.signer];
  if (!member || proposal.block.epoch !== committee.epoch) return false;
  const digest = proposeDigest(committee, proposal.block, proposal.hash);
  return scheme.verify(member.voteKey, digest, proposal.signature);
}

export function timeoutSigned(scheme: Signatures, committee: Committee, timeout: Timeout): boolean {
  const member = committee.members[timeout.signer];
  if (!member || timeout.epoch !== committee.epoch) return false;
  return scheme.verify(
    member.voteKey,
    timeoutDigest(committee, timeout.view, timeout.highQc),
    timeout.signature,
  );
}

export function checkpointSigned(scheme: Signatures, committee: Committee, checkpoint: Checkpoint): boolean {
  const member = committee.members[checkpoint.signer];
  if (!member || checkpoint.epoch !== committee.epoch) return false;
  return scheme.verify(member.voteKey, checkpointDigest(committee, checkpoint), checkpoint.signature);
}

/** True if the statements conflict and the same member of this committee signed both. */
export function isEvidence(scheme: Signatures, committee: Committee, evidence: Evidence): boolean {
  const { first, second } = evidence;
  if (first.signer !== second.signer) return false;
  switch (evidence.kind) {
    case "vote":
      return (
        votesConflict(evidence.first, evidence.second) &&
        [evidence.first, evidence.second].every((each) => voteSigned(scheme, committee, each))
      );
    case "propose":
      return (
        proposalsConflict(evidence.first, evidence.second) &&
        [evidence.first, evidence.second].every((each) => proposalSigned(scheme, committee, each))
      );
    case "timeout":
      return (
        timeoutsConflict(evidence.first, evidence.second) &&
        [evidence.first, evidence.second].every((each) => timeoutSigned(scheme, committee, each))
      );
    case "checkpoint":
      return (
        checkpointsConflict(evidence.first, evidence.second) &&
        [evidence.first, evidence.second].every((each) => checkpointSigned(scheme, committee, each))
      );
  }
}

export function votesConflict(a: Vote, b: Vote): boolean {
  return sameRank(a, b) && a.blockHash !== b.blockHash;
}

export function proposalsConflict(a: Proposed, b: Proposed): boolean {
  return sameRank(a.block, b.block) && a.hash !== b.hash;
}

export function timeoutsConflict(a: Timeout, b: Timeout): boolean {
  return a.view === b.view && compareRank(a.highQc, b.highQc) !== 0;
}

/** One height, two contents. */
export function checkpointsConflict(a: Checkpoint, b: Checkpoint): boolean {
  if (a.epoch !== b.epoch || a.height !== b.height) return false;
  return (["blockHash", "stateRoot", "decisionsRoot", "nextConfigHash"] as const).some(
    (key) => a[key] !== b[key],
  );
}
