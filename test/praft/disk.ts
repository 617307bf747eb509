import { decode, seal, withHead } from "../../coordinator/adapters/replica-log/records.ts";
import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import { encodeMessage } from "../../coordinator/protocol/praft/encode.ts";
import type { Message } from "../../coordinator/protocol/praft/messages.ts";
import type { Chance } from "./agenda.ts";

/** How many records are left of a write that a crash cut at some byte, and whether one of them was torn. */
export function tear(
  records: readonly Message[],
  chance: Chance,
): { readonly whole: number; readonly torn: boolean } {
  const bytes = bytesOf(records);
  const left = bytes.subarray(0, chance(bytes.length + 1));
  const { count, end } = read(left);
  return { whole: count, torn: end < left.length };
}

/** Flips one bit of a log; true if reading it tells. */
export function tellsFlip(records: readonly Message[], chance: Chance): boolean {
  const bytes = bytesOf(records);
  if (bytes.length === 0) return true;
  bytes[chance(bytes.length)]! ^= 1 << chance(8);
  try {
    read(bytes);
    return false;
  } catch (error) {
    if (isQuorateError(error, "LOG_CORRUPT")) return true;
    throw error;
  }
}

function bytesOf(records: readonly Message[]): Buffer {
  const written = records.map((record) => withHead(encodeMessage(record)));
  seal(written, 0);
  return Buffer.concat(written);
}

function read(bytes: Buffer): { readonly count: number; readonly end: number } {
  let [count, end, sum] = [0, 0, 0];
  for (let next = decode(bytes, 0, 0, "log"); next; next = decode(bytes, end, sum, "log")) {
    count++;
    ({ end, sum } = next);
  }
  return { count, end };
}
