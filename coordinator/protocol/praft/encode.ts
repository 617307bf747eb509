import { type Hex, toHex } from "../bytes.ts";
import { bytesOf, payloadBytes } from "./bundle-hashes.ts";
import { Writer } from "./codec.ts";
import { type Config, writeConfig } from "./config.ts";
import type {
  Ask,
  Message,
  Outline,
  Proposal,
  Proposed,
  Ready,
  Reply,
  SnapshotMessage,
  SyncReply,
  SyncRequest,
  Told,
  Vote,
  Want,
} from "./messages.ts";
import { DOMAIN } from "./statements.ts";
import type {
  Block,
  CheckpointContent,
  FullBlock,
  Handover,
  QuorumCertificate,
  TimeoutCertificate,
} from "./types.ts";

/** Version of every message and record. */
export const VERSION = 3;

/** The number of each kind of message on the wire. */
export const KINDS = {
  propose: 1,
  vote: 2,
  timeout: 3,
  submit: 4,
  enter: 5,
  "sync-request": 6,
  "sync-reply": 7,
  checkpoint: 8,
  damaged: 9,
  reply: 10,
  snapshot: 11,
  ready: 12,
  ask: 13,
  told: 14,
  outline: 15,
  want: 16,
} as const;

/** Beside the payload of a block: certificates of some hundred members grow the buffer once more. */
const BLOCK_BYTES = 2_048;

/** A message as bytes: version, kind, fields. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer(sizeOf(message)).u8(VERSION).u8(KINDS[message.kind]);
  writeBody(writer, message);
  return writer.done();
}

/** About what a message with payload takes. */
function sizeOf(message: Message): number {
  if (message.kind === "submit") return BLOCK_BYTES + bytesOf(message.bundle).length;
  if (message.kind === "snapshot") return BLOCK_BYTES + message.bytes.length;
  if (message.kind === "outline") return BLOCK_BYTES + 32 * message.bundles.length;
  const blocks = message.kind === "propose" ? [message] : message.kind === "sync-reply" ? message.blocks : [];
  return blocks.reduce((sum, { payload }) => sum + BLOCK_BYTES + payloadBytes(payload), 0);
}

function writeBody(w: Writer, message: Message): void {
  switch (message.kind) {
    case "propose":
      writeProposal(w, message);
      return;
    case "outline":
      writeOutline(w, message);
      return;
    case "ready":
      writeReady(w, message);
      return;
    case "vote":
      writeVote(w, message);
      return;
    case "timeout":
      writeQc(w.u64(message.epoch).u64(message.view), message.highQc);
      w.u32(message.signer).bytes(message.signature);
      return;
    case "submit":
      w.raw(bytesOf(message.bundle));
      return;
    case "enter":
      writeTc(w, message.tc);
      return;
    case "sync-reply":
      writeSyncReply(w, message);
      return;
    case "checkpoint":
      writeCheckpoint(w, message).u32(message.signer).bytes(message.signature);
      return;
    case "snapshot":
      writeSnapshot(w, message);
      return;
    case "damaged":
      writeOptional(w, message.epoch);
      return;
    default:
      writeAnswer(w, message);
  }
}

/** Questions, and what goes between clients and replicas. */
function writeAnswer(w: Writer, message: Want | SyncRequest | Reply | Ask | Told): void {
  switch (message.kind) {
    case "want":
      w.hash(message.blockHash);
      return;
    case "sync-request":
      w.u64(message.epoch).u64(message.height);
      return;
    case "reply":
      w.bytes(message.clientKey).u64(message.executed);
      return;
    case "ask":
      w.hash(message.task);
      return;
    case "told":
      w.hash(message.task).u64(message.height).bytes(message.decision);
  }
}

/** SHA-256 of a block, its parent's certificate with signatures included: a chain of hashes is a chain of proofs. */
export function hashBlock(block: Block): Hex {
  return toHex(writeBlock(new Writer().u8(DOMAIN.block), block).sha256());
}

function writeBlock(w: Writer, block: Block): Writer {
  w.hash(block.groupId).u64(block.epoch).u64(block.view).u64(block.height);
  writeQc(w, block.justify).hash(block.opsRoot).u64(block.stateHeight).hash(block.stateRoot);
  w.u64(block.time).hash(block.nextConfigHash);
  return block.tc ? writeTc(w.u8(1), block.tc) : w.u8(0);
}

function writeCheckpoint(w: Writer, { epoch, height, ...hashes }: CheckpointContent): Writer {
  w.u64(epoch).u64(height).hash(hashes.blockHash).hash(hashes.stateRoot);
  return w.hash(hashes.decisionsRoot).hash(hashes.nextConfigHash);
}

function writeProposal(w: Writer, proposal: Proposal): void {
  writeProposed(writeFullBlock(w, proposal), proposal);
}

function writeOutline(w: Writer, outline: Outline): void {
  const { block, bundles, nextConfig } = outline;
  writeBlock(w, block).u32(bundles.length);
  for (const hash of bundles) w.hash(hash);
  writeProposed(writeNextConfig(w, nextConfig), outline);
}

function writeProposed(w: Writer, { signer, signature, ready = [] }: Proposed): void {
  w.u32(signer).bytes(signature).u32(ready.length);
  for (const each of ready) writeReady(w, each);
}

function writeVote(w: Writer, vote: Vote): void {
  w.u64(vote.epoch).u64(vote.view).u64(vote.height).hash(vote.blockHash);
  w.u32(vote.signer).bytes(vote.signature);
}

function writeSyncReply(w: Writer, { blocks, qc }: SyncReply): void {
  w.u32(blocks.length);
  for (const block of blocks) writeFullBlock(w, block);
  writeQc(w, qc);
}

function writeReady(w: Writer, { epoch, height, stateRoot, id, signature }: Ready): void {
  w.u64(epoch).u64(height).hash(stateRoot).bytes(new TextEncoder().encode(id)).bytes(signature);
}

function writeOptional(w: Writer, value: number | undefined): void {
  if (value === undefined) w.u8(0);
  else w.u8(1).u64(value);
}

function writeSnapshot(w: Writer, { handovers, certificate, bytes }: SnapshotMessage): void {
  w.u32(handovers.length);
  for (const handover of handovers) writeHandover(w, handover);
  writeCheckpoint(w, certificate.content).bytes(bitmap(certificate.signers));
  w.bytes(certificate.signature).bytes(bytes);
}

function writeHandover(w: Writer, { closing, tail, qc, config }: Handover): void {
  writeBlock(w, closing).u32(tail.length);
  for (const block of tail) writeBlock(w, block);
  writeConfig(writeQc(w, qc), config);
}

function writeFullBlock(w: Writer, { block, payload }: FullBlock): Writer {
  writeBlock(w, block).u32(payload.bundles.length);
  for (const bundle of payload.bundles) w.raw(bytesOf(bundle));
  return writeNextConfig(w, payload.nextConfig);
}

function writeNextConfig(w: Writer, config: Config | undefined): Writer {
  return config ? writeConfig(w.u8(1), config) : w.u8(0);
}

function writeTc(w: Writer, tc: TimeoutCertificate): Writer {
  w.u64(tc.epoch).u64(tc.view).u32(tc.entries.length);
  for (const { signer, view, height } of tc.entries) w.u32(signer).u64(view).u64(height);
  return writeQc(w.bytes(tc.signature), tc.highQc);
}

export function writeQc(w: Writer, qc: QuorumCertificate): Writer {
  w.u64(qc.epoch).u64(qc.view).u64(qc.height).hash(qc.blockHash);
  return w.bytes(bitmap(qc.signers)).bytes(qc.signature);
}

/** Bit i of byte ⌊i/8⌋ for member i; no trailing zero byte. */
function bitmap(signers: readonly number[]): Uint8Array {
  const bits = new Uint8Array(signers.length === 0 ? 0 : (signers.at(-1)! >> 3) + 1);
  for (const signer of signers) bits[signer >> 3]! |= 1 << (signer & 7);
  return bits;
}
