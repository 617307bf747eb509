import { sha256 } from "@noble/hashes/sha2.js";
import { type Hex, toHex } from "../bytes.ts";
import { isQuorateError, QuorateError } from "../errors.ts";
import { Reader, Writer } from "../praft/codec.ts";
import type { Scope } from "../praft/statements.ts";

/** Full certainty, and the highest score of kinds that score in basis points. */
export const FULL = 10_000;
/** Longest parameters of a task in bytes: 256 claims of an allocation fit. */
const MAX_PARAMETERS = 16_384;
const MAX_SIGNATURE = 96;
const MAX_KIND_NAME = 32;
/** "QD" and the version of the format: an operation that starts otherwise is ordered and means nothing here. */
const MAGIC = [0x51, 0x44, 1] as const;
/** First bytes of what is signed and hashed here, beyond the engine's own. */
const BALLOT_DOMAIN = 0x20;
const TASK_DOMAIN = 0x21;
const OPEN = 1;
const BALLOT = 2;

/** Asks the committee for a decision. The same content in the same epoch is the same task, whoever opens it first. */
export interface Open {
  readonly operation: "open";
  /** Registered name: select, rank, allocate, updates. */
  readonly kind: string;
  /** Ballots count in blocks up to this height; its block closes the task. */
  readonly closeHeight: number;
  /** Tells apart tasks that ask the same. */
  readonly salt: Hex;
  /** Canonical bytes of the kind's own. */
  readonly parameters: Uint8Array;
}

/** A member's signed word on one subject of a task. */
export interface Ballot {
  readonly operation: "ballot";
  readonly task: Hex;
  readonly subject: Hex;
  /** Index of the member in the epoch's committee. */
  readonly signer: number;
  /** Basis points, or units where the kind counts units. */
  readonly score: number;
  /** Basis points: how sure the member is. It moves the score, and never a quorum. */
  readonly confidence: number;
  /** Hash of what the member judged by, zero if nothing. */
  readonly evidence: Hex;
  /** By the vote key; empty if the whole bundle is signed by that key. */
  readonly signature: Uint8Array;
}

export type Operation = Open | Ballot;

export function encodeOpen({ kind, closeHeight, salt, parameters }: Omit<Open, "operation">): Uint8Array {
  return begin(OPEN)
    .bytes(new TextEncoder().encode(kind))
    .u64(closeHeight)
    .hash(salt)
    .bytes(parameters)
    .done();
}

export function encodeBallot(ballot: Omit<Ballot, "operation">): Uint8Array {
  return writeBallot(begin(BALLOT), ballot).bytes(ballot.signature).done();
}

/** What a member signs. */
export function ballotDigest(
  { groupId, epoch }: Scope,
  ballot: Omit<Ballot, "operation" | "signature">,
): Uint8Array {
  return writeBallot(new Writer().u8(BALLOT_DOMAIN).hash(groupId).u64(epoch), ballot).sha256();
}

/** Name of a task: its content, in its epoch. */
export function taskId({ groupId, epoch }: Scope, open: Omit<Open, "operation">): Hex {
  const writer = new Writer().u8(TASK_DOMAIN).hash(groupId).u64(epoch);
  return toHex(sha256(writer.raw(encodeOpen(open)).done()));
}

/**
 * An operation of this layer; undefined if the bytes are something else.
 * @throws QuorateError DECISION_OPERATION, PRAFT_LIMIT, PRAFT_TRUNCATED, PRAFT_TRAILING
 */
export function decodeOperation(bytes: Uint8Array): Operation | undefined {
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) return undefined;
  const reader = new Reader(bytes.subarray(MAGIC.length));
  const kind = reader.u8();
  if (kind !== OPEN && kind !== BALLOT)
    throw new QuorateError(
      "DECISION_OPERATION",
      `operation ${kind} is neither an opening (1) nor a ballot (2)`,
      {
        kind,
      },
    );
  const operation = kind === OPEN ? readOpen(reader) : readBallot(reader);
  reader.end();
  return operation;
}

/** The same, with undefined for what is malformed: every member passes over it alike. */
export function tryDecode(bytes: Uint8Array): Operation | undefined {
  try {
    return decodeOperation(bytes);
  } catch (error) {
    if (!isQuorateError(error)) throw error;
    return undefined;
  }
}

function begin(kind: number): Writer {
  const writer = new Writer();
  for (const byte of MAGIC) writer.u8(byte);
  return writer.u8(kind);
}

function writeBallot(writer: Writer, ballot: Omit<Ballot, "operation" | "signature">): Writer {
  const { task, subject, signer, score, confidence, evidence } = ballot;
  return writer.hash(task).hash(subject).u32(signer).u32(score).u32(confidence).hash(evidence);
}

function readOpen(r: Reader): Open {
  const kind = new TextDecoder().decode(r.bytes("kind name", MAX_KIND_NAME));
  const [closeHeight, salt] = [r.u64(), r.hash()];
  return { operation: "open", kind, closeHeight, salt, parameters: r.bytes("parameters", MAX_PARAMETERS) };
}

function readBallot(r: Reader): Ballot {
  return {
    operation: "ballot",
    task: r.hash(),
    subject: r.hash(),
    signer: r.u32(),
    score: r.u32(),
    confidence: r.u32(),
    evidence: r.hash(),
    signature: r.bytes("signature", MAX_SIGNATURE),
  };
}
