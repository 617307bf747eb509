import { QuorateError } from "../errors.ts";
import { rememberBytes } from "./bundle-hashes.ts";
import type { Reader } from "./codec.ts";
import { MAX_KEY_BYTES, MAX_MEMBERS, readConfig } from "./config.ts";
import { hashBlock } from "./encode.ts";
import type {
  Block,
  Bundle,
  FullBlock,
  Payload,
  QuorumCertificate,
  ReportedRank,
  TimeoutCertificate,
} from "./types.ts";

export const MAX_BUNDLES = 4_096;
export const MAX_OPERATIONS = 4_096;
export const MAX_OPERATION_BYTES = 64 * 1_024;
/** A concatenation of one 64-byte signature per member. */
export const MAX_SIGNATURE_BYTES = 64 * MAX_MEMBERS;
const MAX_BITMAP_BYTES = MAX_MEMBERS / 8;

export function readFullBlock(r: Reader): FullBlock {
  const block = readBlock(r);
  const bundles = list(r, "bundles", MAX_BUNDLES, readBundle);
  const payload: Payload = r.flag() ? { bundles, nextConfig: readConfig(r) } : { bundles };
  return { block, payload, hash: hashBlock(block) };
}

export function readBlock(r: Reader): Block {
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

export function readBundle(r: Reader): Bundle {
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

export function readTc(r: Reader): TimeoutCertificate {
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

export function readBitmap(r: Reader): number[] {
  const bits = r.bytes("signer bitmap", MAX_BITMAP_BYTES);
  if (bits.at(-1) === 0) throw badSigners("a signer bitmap has no trailing zero byte");
  const signers: number[] = [];
  for (let i = 0; i < 8 * bits.length; i++) if ((bits[i >> 3]! >> (i & 7)) & 1) signers.push(i);
  return signers;
}

export function list<T>(r: Reader, what: string, max: number, read: (r: Reader) => T): T[] {
  const count = r.count(what, max);
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(read(r));
  return items;
}

function badSigners(why: string): QuorateError {
  return new QuorateError("PRAFT_SIGNERS", why);
}
