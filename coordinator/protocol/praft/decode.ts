import { QuorateError } from "../errors.ts";
import { Reader } from "./codec.ts";
import { MAX_KEY_BYTES, MAX_MEMBERS, readConfig } from "./config.ts";
import {
  list,
  MAX_BUNDLES,
  MAX_SIGNATURE_BYTES,
  readBitmap,
  readBlock,
  readBundle,
  readFullBlock,
  readQc,
  readTc,
} from "./decode-block.ts";
import { hashBlock, KINDS, VERSION } from "./encode.ts";
import type { Message, Outline, Proposal, Proposed, Ready, SnapshotMessage } from "./messages.ts";
import type { CheckpointContent, Handover } from "./types.ts";

/** Most bytes of a message. */
export const MAX_MESSAGE_BYTES = 16 * 2 ** 20;
/** A decision with its outcome. */
const MAX_DECISION_BYTES = 2 ** 18;
export const MAX_SYNC_BLOCKS = 64;
/** Most bytes of an encoded snapshot, so that it fits one message and one record. */
export const MAX_SNAPSHOT_BYTES = 12 * 2 ** 20;
/** Epochs a replica can be behind and still be taken along. */
export const MAX_HANDOVERS = 64;

/**
 * Reads a message. Every message has one encoding, so what is read can be written back to the same bytes.
 * @throws QuorateError PRAFT_VERSION, PRAFT_KIND, PRAFT_LIMIT, PRAFT_TRUNCATED, PRAFT_TRAILING, PRAFT_SIGNERS, PRAFT_FLAG
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > MAX_MESSAGE_BYTES) {
    throw new QuorateError("PRAFT_LIMIT", `a message of ${bytes.length} bytes is over ${MAX_MESSAGE_BYTES}`, {
      value: bytes.length,
    });
  }
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION) {
    throw new QuorateError("PRAFT_VERSION", `version ${version} is unknown; this replica speaks ${VERSION}`, {
      version,
    });
  }
  const message = readBody(reader, reader.u8());
  reader.end();
  return message;
}

function readBody(r: Reader, kind: number): Message {
  switch (kind) {
    case KINDS.propose:
      return readProposal(r);
    case KINDS.outline:
      return readOutline(r);
    case KINDS.want:
      return { kind: "want", blockHash: r.hash() };
    case KINDS.vote:
      return {
        kind: "vote",
        epoch: r.u64(),
        view: r.u64(),
        height: r.u64(),
        blockHash: r.hash(),
        ...readSigned(r),
      };
    case KINDS.timeout:
      return { kind: "timeout", epoch: r.u64(), view: r.u64(), highQc: readQc(r), ...readSigned(r) };
    case KINDS.submit:
      return { kind: "submit", bundle: readBundle(r) };
    case KINDS.enter:
      return { kind: "enter", tc: readTc(r) };
    case KINDS["sync-request"]:
      return { kind: "sync-request", epoch: r.u64(), height: r.u64() };
    case KINDS["sync-reply"]:
      return { kind: "sync-reply", blocks: list(r, "blocks", MAX_SYNC_BLOCKS, readFullBlock), qc: readQc(r) };
    case KINDS.checkpoint:
      return { kind: "checkpoint", ...readCheckpointContent(r), ...readSigned(r) };
    case KINDS.damaged:
      return r.flag() ? { kind: "damaged", epoch: r.u64() } : { kind: "damaged" };
    case KINDS.ready:
      return readReady(r);
    case KINDS.snapshot:
      return readSnapshotMessage(r);
    default:
      return readAnswer(r, kind);
  }
}

function readCheckpointContent(r: Reader): CheckpointContent {
  return {
    epoch: r.u64(),
    height: r.u64(),
    blockHash: r.hash(),
    stateRoot: r.hash(),
    decisionsRoot: r.hash(),
    nextConfigHash: r.hash(),
  };
}

function readSnapshotMessage(r: Reader): SnapshotMessage {
  return {
    kind: "snapshot",
    handovers: list(r, "handovers", MAX_HANDOVERS, readHandover),
    certificate: {
      content: readCheckpointContent(r),
      signers: readBitmap(r),
      signature: r.bytes("signature", MAX_SIGNATURE_BYTES),
    },
    bytes: r.bytes("snapshot", MAX_SNAPSHOT_BYTES),
  };
}

function readHandover(r: Reader): Handover {
  return {
    closing: readBlock(r),
    tail: list(r, "blocks", MAX_SYNC_BLOCKS, readBlock),
    qc: readQc(r),
    config: readConfig(r),
  };
}

/** What goes between clients and replicas. */
function readAnswer(r: Reader, kind: number): Message {
  switch (kind) {
    case KINDS.reply:
      return { kind: "reply", clientKey: r.bytes("client key", MAX_KEY_BYTES), executed: r.u64() };
    case KINDS.ask:
      return { kind: "ask", task: r.hash() };
    case KINDS.told: {
      const [task, height] = [r.hash(), r.u64()];
      return { kind: "told", task, height, decision: r.bytes("decision", MAX_DECISION_BYTES) };
    }
    default:
      throw new QuorateError("PRAFT_KIND", `message kind ${kind} is unknown`, { kind });
  }
}

function readProposal(r: Reader): Proposal {
  return { kind: "propose", ...readFullBlock(r), ...readProposed(r) };
}

function readOutline(r: Reader): Outline {
  const block = readBlock(r);
  const bundles = list(r, "bundles", MAX_BUNDLES, (each) => each.hash());
  const nextConfig = r.flag() ? { nextConfig: readConfig(r) } : {};
  return { kind: "outline", block, hash: hashBlock(block), bundles, ...nextConfig, ...readProposed(r) };
}

/** What a leader says of its block, after the block. */
function readProposed(r: Reader): Omit<Proposed, "block" | "hash"> {
  const signed = readSigned(r);
  const ready = list(r, "joiners", MAX_MEMBERS, readReady);
  return ready.length > 0 ? { ...signed, ready } : signed;
}

function readReady(r: Reader): Ready {
  return {
    kind: "ready",
    epoch: r.u64(),
    height: r.u64(),
    stateRoot: r.hash(),
    id: new TextDecoder().decode(r.bytes("member id", 2 * MAX_KEY_BYTES)),
    signature: r.bytes("signature", MAX_SIGNATURE_BYTES),
  };
}

function readSigned(r: Reader): { signer: number; signature: Uint8Array } {
  return { signer: r.u32(), signature: r.bytes("signature", MAX_SIGNATURE_BYTES) };
}
