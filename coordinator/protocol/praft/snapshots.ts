import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { type Hex, toHex, ZERO_HASH } from "../bytes.ts";
import { isQuorateError } from "../errors.ts";
import { forgetExecuted } from "./bundles.ts";
import { Reader, Writer } from "./codec.ts";
import { type Config, committeeOf, MAX_KEY_BYTES, MAX_MEMBERS, readConfig, writeConfig } from "./config.ts";
import { MAX_SNAPSHOT_BYTES } from "./decode.ts";
import type { Env } from "./env.ts";
import { type Committed, epochState, ROOTS_KEPT, type State } from "./state.ts";
import { DOMAIN } from "./statements.ts";
import type { CheckpointContent, FullBlock } from "./types.ts";

const VERSION = 1;

/** All that members agree on after a committed height, and need to go on from there. */
export interface Snapshot {
  /** Of the next block's epoch. */
  readonly config: Config;
  /** The block that epoch starts from. */
  readonly base: Committed;
  readonly committed: Committed;
  /** View of the committed block in the epoch; 0 if the epoch starts after it. */
  readonly committedView: number;
  readonly skippedUntil: readonly number[];
  /** State roots of the last heights, up to the committed one. */
  readonly roots: readonly Hex[];
  /** Last executed sequence by client, in the order in which they came first. */
  readonly sessions: readonly (readonly [client: string, sequence: number])[];
  readonly application: Uint8Array;
}

/** The snapshot after the block just committed, which may close the epoch. */
export function takeSnapshot(s: State, env: Env, { block, payload }: FullBlock): Snapshot {
  const closing = block.nextConfigHash !== ZERO_HASH;
  const config = closing ? payload.nextConfig! : s.committee;
  const first = Math.max(0, block.height - ROOTS_KEPT + 1);
  return {
    config,
    base: closing ? s.committed : s.base,
    committed: s.committed,
    committedView: closing ? 0 : block.view,
    skippedUntil: closing ? config.members.map(() => 0) : s.skippedUntil,
    roots: Array.from({ length: block.height - first + 1 }, (_, i) => s.roots.get(first + i) ?? ZERO_HASH),
    sessions: [...s.sessions],
    application: env.application.encode(s.app),
  };
}

/** Hash of an encoded snapshot: the state root of its checkpoint. */
export function snapshotHash(bytes: Uint8Array): Hex {
  return toHex(new Writer().u8(DOMAIN.snapshot).raw(bytes).sha256());
}

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const { config, base, committed, committedView, skippedUntil, roots, sessions, application } = snapshot;
  const w = writeConfig(new Writer().u8(VERSION), config);
  for (const { hash, height, time } of [base, committed]) w.hash(hash).u64(height).u64(time);
  w.u64(committedView).u32(skippedUntil.length);
  for (const view of skippedUntil) w.u64(view);
  w.u32(roots.length);
  for (const root of roots) w.hash(root);
  w.u32(sessions.length);
  for (const [client, sequence] of sessions) w.bytes(hexToBytes(client)).u64(sequence);
  return w.bytes(application).done();
}

/**
 * Reads a snapshot and checks that it is the one this checkpoint is of; whether the checkpoint is certified is checked apart.
 * @returns undefined if it is not
 */
export function readSnapshot(bytes: Uint8Array, content: CheckpointContent): Snapshot | undefined {
  if (bytes.length > MAX_SNAPSHOT_BYTES || snapshotHash(bytes) !== content.stateRoot) return undefined;
  try {
    const snapshot = decodeSnapshot(bytes);
    const { config, committed, skippedUntil } = snapshot;
    const closed = content.nextConfigHash !== ZERO_HASH;
    if (committed.height !== content.height || committed.hash !== content.blockHash) return undefined;
    if (config.epoch !== content.epoch + (closed ? 1 : 0)) return undefined;
    if (closed && committeeOf(config).hash !== content.nextConfigHash) return undefined;
    return skippedUntil.length === config.members.length ? snapshot : undefined;
  } catch (error) {
    if (!isQuorateError(error)) throw error;
    return undefined;
  }
}

function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const r = new Reader(bytes);
  r.u8();
  const config = readConfig(r);
  const [base, committed] = [readCommitted(r), readCommitted(r)];
  const committedView = r.u64();
  const skippedUntil = repeat(r.count("members", MAX_MEMBERS), () => r.u64());
  const roots = repeat(r.count("roots", ROOTS_KEPT), () => r.hash());
  const sessions = repeat(r.count("sessions", MAX_SNAPSHOT_BYTES), () => {
    return [bytesToHex(r.bytes("client key", MAX_KEY_BYTES)), r.u64()] as const;
  });
  const application = r.bytes("application", MAX_SNAPSHOT_BYTES);
  r.end();
  return { config, base, committed, committedView, skippedUntil, roots, sessions, application };
}

function readCommitted(r: Reader): Committed {
  return { hash: r.hash(), height: r.u64(), time: r.u64() };
}

function repeat<T>(count: number, read: () => T): T[] {
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(read());
  return all;
}

/** Goes on from a snapshot. What was signed in the epoch, if it is the same one, stays known. */
export function install(s: State, env: Env, snapshot: Snapshot): void {
  const { config, base, committed, roots } = snapshot;
  if (config.epoch !== s.committee.epoch) Object.assign(s, epochState(committeeOf(config), base, env));
  s.committed = committed;
  s.committedView = snapshot.committedView;
  s.skippedUntil = [...snapshot.skippedUntil];
  s.roots = new Map(roots.map((root, i) => [committed.height - roots.length + 1 + i, root]));
  s.sessions = new Map(snapshot.sessions);
  s.app = env.application.decode(snapshot.application);
  s.history = [];
  s.historyFrom = committed.height;
  s.historyBytes = 0;
  s.commitProof = undefined;
  s.snapshots = [];
  forgetExecuted(s);
  for (const [hash, { block }] of s.blocks) if (block.height <= committed.height) s.blocks.delete(hash);
}
