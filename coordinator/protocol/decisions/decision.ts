import { utf8ToBytes } from "@noble/hashes/utils.js";
import { abiWords, fromHex, type Hex, keccak } from "../bytes.ts";
import { Writer } from "../praft/codec.ts";
import { readAll } from "./kind.ts";

const MAX_KIND_NAME = 32;
const MAX_OUTCOME_BYTES = 4 + 36 * 4_096;

/** What became of one task; a leaf of the tree whose root is anchored. */
export interface Decision {
  /** Place in the tree, from 0. */
  readonly position: number;
  readonly epoch: number;
  /** Of the block that closed the task. */
  readonly height: number;
  readonly task: Hex;
  readonly kind: string;
  /** What the kind's function gave, by its own format; undefined: undecided. */
  readonly outcome: Uint8Array | undefined;
}

/**
 * The leaf, hashed twice as OpenZeppelin's StandardMerkleTree does, so that no inner node passes for one:
 * keccak256(keccak256(abi.encode(epoch, height, task, keccak256(kind), outcomeHash))); the outcome's hash is zero if undecided.
 */
export function leafOf({ epoch, height, task, kind, outcome }: Decision): Hex {
  const words = [epoch, height, task, keccak(utf8ToBytes(kind)), outcome ? keccak(outcome) : 0];
  return keccak(fromHex(keccak(abiWords(words))));
}

export function encodeDecision({ position, epoch, height, task, kind, outcome }: Decision): Uint8Array {
  const writer = new Writer().u64(position).u64(epoch).u64(height).hash(task).bytes(utf8ToBytes(kind));
  return (outcome ? writer.u8(1).bytes(outcome) : writer.u8(0)).done();
}

/** @throws QuorateError PRAFT_TRUNCATED, PRAFT_LIMIT, PRAFT_TRAILING */
export function decodeDecision(bytes: Uint8Array): Decision {
  return readAll(bytes, (reader) => ({
    position: reader.u64(),
    epoch: reader.u64(),
    height: reader.u64(),
    task: reader.hash(),
    kind: new TextDecoder().decode(reader.bytes("kind name", MAX_KIND_NAME)),
    outcome: reader.u8() === 1 ? reader.bytes("outcome", MAX_OUTCOME_BYTES) : undefined,
  }));
}
