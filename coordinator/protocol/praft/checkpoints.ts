import { toHex } from "../bytes.ts";
import { compact } from "./compaction.ts";
import { type Committee, weightOf } from "./config.ts";
import { MAX_SNAPSHOT_BYTES } from "./decode.ts";
import { checkpointSigned, checkpointsConflict } from "./evidence.ts";
import type { Checkpoint } from "./messages.ts";
import { encodeSnapshot, snapshotHash, takeSnapshot } from "./snapshots.ts";
import { persist, send, signs, type Turn } from "./state.ts";
import { checkpointDigest } from "./statements.ts";
import type { CheckpointContent, FullBlock } from "./types.ts";

/** Own snapshots that wait for a certificate, at most. */
const KEPT = 4;

/** Keeps the snapshot of a height just committed, and signs it. Durable before it is sent, like every statement. */
export function signCheckpoint(turn: Turn, full: FullBlock): void {
  const { s, env } = turn;
  const { block, hash } = full;
  const { epoch } = s.committee;
  const bytes = encodeSnapshot(takeSnapshot(s, env, full));
  const content: CheckpointContent = {
    epoch,
    height: block.height,
    blockHash: hash,
    stateRoot: snapshotHash(bytes),
    decisionsRoot: env.application.decisionsRoot(s.app),
    nextConfigHash: block.nextConfigHash,
  };
  if (bytes.length <= MAX_SNAPSHOT_BYTES) s.snapshots.push({ content, bytes });
  if (s.snapshots.length > KEPT) s.snapshots.shift();
  if (!signs(s)) return;
  const signature = env.scheme.sign(env.secretKey, checkpointDigest(s.committee, content));
  s.lastCheckpoint = { kind: "checkpoint", ...content, signer: s.self, signature };
  persist(turn, s.lastCheckpoint);
  send(turn, "all", s.lastCheckpoint);
}

/** Collects members' checkpoints; weight ≥ Q over the same content can be anchored, and ends what came before it. */
export function onCheckpoint(turn: Turn, checkpoint: Checkpoint): void {
  const { s, env, out } = turn;
  const { committee, checkpoints } = checkpoint.epoch === s.previous?.committee.epoch ? s.previous : s;
  if (!checkpointSigned(env.scheme, committee, checkpoint)) return;
  const before = checkpoints[checkpoint.signer];
  if (before && checkpointsConflict(before, checkpoint)) {
    out.push({ kind: "evidence", evidence: { kind: "checkpoint", first: before, second: checkpoint } });
    return;
  }
  if (before && before.height >= checkpoint.height) return;
  checkpoints[checkpoint.signer] = checkpoint;
  const same = alike(committee, checkpoints, checkpoint);
  const weight = weightOf(
    committee,
    same.map(({ signer }) => signer),
  );
  if (weight < committee.quorum) return;
  if (weight - committee.members[checkpoint.signer]!.weight >= committee.quorum) return;
  out.push({ kind: "anchor", checkpoints: same, after: s.token });
  if (committee === s.previous?.committee) s.previous = undefined;
  settle(turn, same);
}

/** Tells the others of an epoch's end again, until weight Q has. */
export function remind(turn: Turn): void {
  const { previous } = turn.s;
  if (previous?.own) send(turn, "all", previous.own);
}

/** A snapshot with a certificate serves those far behind, and stands for the log before it. */
function settle(turn: Turn, same: readonly Checkpoint[]): void {
  const { s, env } = turn;
  const { height, stateRoot } = same[0]!;
  if (height <= (s.stable?.content.height ?? 0)) return;
  const kept = s.snapshots.find(
    ({ content }) => content.height === height && content.stateRoot === stateRoot,
  );
  if (!kept) return;
  s.snapshots = s.snapshots.filter(({ content }) => content.height > height);
  const signers = same.map(({ signer }) => signer);
  const signature = env.scheme.aggregate(same.map((each) => each.signature));
  s.stable = { ...kept, certificate: { content: kept.content, signers, signature } };
  const { compactBlocks, compactBytes } = env.limits;
  if (height - s.compactedAt >= compactBlocks || s.historyBytes >= compactBytes) compact(turn);
}

/** Of one content, by rising member index. */
function alike(
  committee: Committee,
  checkpoints: readonly (Checkpoint | undefined)[],
  wanted: Checkpoint,
): Checkpoint[] {
  const content = toHex(checkpointDigest(committee, wanted));
  return checkpoints.filter(
    (each) => each?.height === wanted.height && toHex(checkpointDigest(committee, each)) === content,
  ) as Checkpoint[];
}
