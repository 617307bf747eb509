import { QuorateError } from "../errors.ts";
import { rememberBytes } from "./bundle-hashes.ts";
import { Reader } from "./codec.ts";
import { MAX_KEY_BYTES, MAX_MEMBERS, readConfig } from "./config.ts";
import { hashBlock, KINDS, VERSION } from "./encode.ts";
import type {
  Block,
  Bundle,
  CheckpointContent,
  FullBlock,
  Handover,
  Message,
  Payload,
  Proposal,
  QuorumCertificate,
  Ready,
  ReportedRank,
  SnapshotMessage,
  TimeoutCertificate,
} from "./types.ts";

/** Most bytes of a message. */
export const MAX_MESSAGE_BYTES = 16 * 2 ** 20;
export const MAX_BUNDLES = 4_096;
export const MAX_OPERATIONS = 4_096;
export const MAX_OPERATION_BYTES = 64 * 1_024;
/** A decision with its outcome. */
const MAX_DECISION_BYTES = 2 ** 18;
export const MAX_SYNC_BLOCKS = 64;
/** Most bytes of an encoded snapshot, so that it fits one message and one record. */
export const MAX_SNAPSHOT_BYTES = 12 * 2 ** 20;
/** Epochs a replica can be behind and still be taken along. */
export const MAX_HANDOVERS = 64;
/** A concatenation of one 64-byte signature per member. */
const MAX_SIGNATURE_BYTES = 64 * MAX_MEMBERS;
const MAX_BITMAP_BYTES = MAX_MEMBERS / 8;

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
  const full = readFullBlock(r);
  const signed = readSigned(r);
  const ready = list(r, "joiners", MAX_MEMBERS, readReady);
  return { kind: "propose", ...full, ...signed, ...(ready.length > 0 && { ready }) };
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

function readFullBlock(r: Reader): FullBlock {
  const block = readBlock(r);
  const bundles = list(r, "bundles", MAX_BUNDLES, readBundle);
  const payload: Payload = r.flag() ? { bundles, nextConfig: readConfig(r) } : { bundles };
  return { block, payload, hash: hashBlock(block) };
}

function readBlock(r: Reader): Block {
  const block: Block = {
    groupId: r.hash(),
    epoch: r.u64(),
    view: r.u64(),
    height: r.u64(),
    justify: readQc(r),
    opsRoot: r.hash(),
    stateHeight: r.u64(),
    stateRoot: r.hash(),
    time: r.u64(),
    nextConfigHash: r.hash(),
  };
  return r.flag() ? { ...block, tc: readTc(r) } : block;
}

function readBundle(r: Reader): Bundle {
  const { at } = r;
  const bundle: Bundle = {
    clientKey: r.bytes("client key", MAX_KEY_BYTES),
    sequence: r.u64(),
    operations: list(r, "operations", MAX_OPERATIONS, readOperation),
    signature: r.bytes("signature", MAX_SIGNATURE_BYTES),
  };
  rememberBytes(bundle, r.since(at));
  return bundle;
}

function readOperation(r: Reader): Uint8Array {
  return r.sized("operation", MAX_OPERATION_BYTES);
}

function readTc(r: Reader): TimeoutCertificate {
  const epoch = r.u64();
  const view = r.u64();
  const entries = list<ReportedRank>(r, "entries", MAX_MEMBERS, (each) => ({
    signer: each.u32(),
    view: each.u64(),
    height: each.u64(),
  }));
  const twice = entries.findIndex((entry, i) => i > 0 && entry.signer <= entries[i - 1]!.signer);
  if (entries.length === 0 || twice >= 0) {
    throw badSigners("a timeout certificate names its signers once each, in rising order");
  }
  return { epoch, view, entries, signature: r.bytes("signature", MAX_SIGNATURE_BYTES), highQc: readQc(r) };
}

export function readQc(r: Reader): QuorumCertificate {
  return {
    epoch: r.u64(),
    view: r.u64(),
    height: r.u64(),
    blockHash: r.hash(),
    signers: readBitmap(r),
    signature: r.bytes("signature", MAX_SIGNATURE_BYTES),
  };
}

function readBitmap(r: Reader): number[] {
  const bits = r.bytes("signer bitmap", MAX_BITMAP_BYTES);
  if (bits.at(-1) === 0) throw badSigners("a signer bitmap has no trailing zero byte");
  const signers: number[] = [];
  for (let i = 0; i < 8 * bits.length; i++) if ((bits[i >> 3]! >> (i & 7)) & 1) signers.push(i);
  return signers;
}

function list<T>(r: Reader, what: string, max: number, read: (r: Reader) => T): T[] {
  const count = r.count(what, max);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read(r));
  return items;
}

function badSigners(why: string): QuorateError {
  return new QuorateError("PRAFT_SIGNERS", why);
}
