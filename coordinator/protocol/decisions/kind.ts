import type { Hex } from "../bytes.ts";
import { Reader, Writer } from "../praft/codec.ts";
import type { Committee } from "../praft/config.ts";
import type { Ballot } from "./operations.ts";

/** Most subjects a task names. */
export const MAX_SUBJECTS = 256;
/** Most subjects in an outcome, and that one member's ballots name where the kind leaves them open. */
export const MAX_OUTCOME = 4_096;

/** What a kind of task is: a pure function from a task's parameters and its counted ballots to an outcome. */
export interface Kind<P = unknown> {
  readonly name: string;
  /** @throws QuorateError if the parameters are not the kind's own, in canonical form */
  read(parameters: Uint8Array): P;
  /** Form only: whether a ballot may name this subject with this score. */
  accepts(parameters: P, subject: Hex, score: number): boolean;
  /** Outcome bytes, or undefined if the ballots decide nothing. The order of the ballots plays no part. */
  decide(parameters: P, cast: Cast): Uint8Array | undefined;
}

/** The counted ballots of a closed task: by subject, one per member and subject. */
export interface Cast {
  readonly committee: Committee;
  readonly task: Hex;
  readonly bySubject: ReadonlyMap<Hex, readonly Ballot[]>;
  /** What earlier tasks of a series left owing, by subject; a kind that keeps no accounts leaves it alone. */
  readonly credits: (series: Hex) => Map<Hex, number>;
}

/** Reads all of `bytes` by `read`. @throws QuorateError PRAFT_TRAILING, PRAFT_TRUNCATED, PRAFT_LIMIT */
export function readAll<T>(bytes: Uint8Array, read: (reader: Reader) => T): T {
  const reader = new Reader(bytes);
  const value = read(reader);
  reader.end();
  return value;
}

/** Hashes in rising order, each once: so there is one way to write a set. */
export function areRising(hashes: readonly Hex[]): boolean {
  return hashes.every((hash, i) => i === 0 || hashes[i - 1]! < hash);
}

/** A count and entries of a hash and a number each. */
export function writePairs(pairs: readonly (readonly [Hex, number])[]): Uint8Array {
  const writer = new Writer().u32(pairs.length);
  for (const [subject, value] of pairs) writer.hash(subject).u32(value);
  return writer.done();
}

export function readPairs(bytes: Uint8Array): [Hex, number][] {
  return readAll(bytes, (reader) =>
    Array.from({ length: reader.count("subjects", MAX_OUTCOME) }, () => [reader.hash(), reader.u32()]),
  );
}
