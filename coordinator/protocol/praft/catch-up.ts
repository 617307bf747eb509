import { ZERO_HASH } from "../bytes.ts";
import { contradicts } from "./anchors.ts";
import { areMembers, compareRank, isQuorumCertificate, type Signatures } from "./certificates.ts";
import { keepClosing } from "./commit.ts";
import { compact } from "./compaction.ts";
import { type Committee, committeeOf, weightOf } from "./config.ts";
import { hashBlock } from "./encode.ts";
import type { SnapshotMessage, SyncRequest } from "./messages.ts";
import { install, readSnapshot, type Snapshot } from "./snapshots.ts";
import { type State, send, type Turn } from "./state.ts";
import { checkpointDigest } from "./statements.ts";
import type { CheckpointCertificate, Handover } from "./types.ts";

/** Gives the newest certified snapshot to who is behind what is kept of the history; to one at a time. */
export function sendSnapshot(turn: Turn, from: string, { epoch, height }: Omit<SyncRequest, "kind">): void {
  const { s, env, now } = turn;
  const { stable } = s;
  if (!stable || stable.content.height <= height || now < s.snapshotSentAt) return;
  const handovers: Handover[] = [];
  for (let at = epoch; at < stable.content.epoch; at++) {
    const closing = s.closings.get(at);
    if (!closing) return;
    handovers.push(closing.handover);
  }
  s.snapshotSentAt = now + env.limits.timeoutFloor / 4;
  send(turn, from, { kind: "snapshot", handovers, certificate: stable.certificate, bytes: stable.bytes });
}

/** Goes on from a snapshot above the committed height, if it and the way to its epoch are proven. */
export function onSnapshot(turn: Turn, from: string, message: SnapshotMessage): void {
  const { s, env, out } = turn;
  if (message.certificate.content.height <= s.committed.height) return;
  const snapshot = prove(turn, message);
  if (!snapshot) {
    out.push({ kind: "refused", code: "PRAFT_SNAPSHOT_FALSE", from });
    return;
  }
  adopt(s, env, { message, snapshot });
  compact(turn);
  out.push({ kind: "installed", content: message.certificate.content, after: s.token });
}

/** Takes over a snapshot that is proven, or read from the own log. */
export function adopt(
  s: State,
  env: Turn["env"],
  { message, snapshot }: { readonly message: SnapshotMessage; readonly snapshot: Snapshot },
): void {
  const { handovers, certificate, bytes } = message;
  for (const handover of handovers) keepClosing(s, { handover });
  install(s, env, snapshot);
  s.stable = { content: certificate.content, bytes, certificate };
  s.compactedAt = certificate.content.height;
}

function prove(turn: Turn, { handovers, certificate, bytes }: SnapshotMessage): Snapshot | undefined {
  const { s, env } = turn;
  const { content } = certificate;
  let { committee } = s;
  for (const handover of handovers) {
    if (!isHandover(env.scheme, committee, handover)) return undefined;
    committee = committeeOf(handover.config);
  }
  if (!isCheckpointCertificate(env.scheme, committee, certificate)) return undefined;
  const snapshot = readSnapshot(bytes, content);
  if (
    !snapshot ||
    (content.nextConfigHash === ZERO_HASH && committeeOf(snapshot.config).hash !== committee.hash)
  )
    return undefined;
  const { epoch, height, blockHash } = content;
  return contradicts(s, { epoch, configHash: committee.hash, height, blockHash }) ? undefined : snapshot;
}

/** Weight ≥ Q of distinct members signed this checkpoint. */
function isCheckpointCertificate(
  scheme: Signatures,
  committee: Committee,
  { content, signers, signature }: CheckpointCertificate,
): boolean {
  if (content.epoch !== committee.epoch || !areMembers(committee, signers)) return false;
  if (weightOf(committee, signers) < committee.quorum) return false;
  const keys = signers.map((signer) => committee.members[signer]!.voteKey);
  return scheme.verifyAggregate(keys, checkpointDigest(committee, content), signature);
}

/** `closing` is committed by this committee and names the next; see {@link Handover}. */
function isHandover(scheme: Signatures, committee: Committee, handover: Handover): boolean {
  const { closing, tail, qc, config } = handover;
  if (config.epoch !== committee.epoch + 1 || config.groupId !== committee.groupId) return false;
  if (closing.nextConfigHash !== committeeOf(config).hash || !isQuorumCertificate(scheme, committee, qc))
    return false;
  let next = qc;
  for (const block of [...tail].reverse()) {
    if (hashBlock(block) !== next.blockHash || compareRank(block, next) !== 0) return false;
    if (block.epoch !== committee.epoch) return false;
    next = block.justify;
  }
  const last = tail.at(-1);
  return (
    hashBlock(closing) === next.blockHash &&
    closing.epoch === committee.epoch &&
    last?.justify.view === last?.view
  );
}
