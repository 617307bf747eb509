import type { Sha256 } from "../model/merkle.ts";
import type { Application } from "./application.ts";
import type { Signatures } from "./certificates.ts";

/** Milliseconds and counts; the same at every member, but only `checkpointEvery` and `maxClients` have to be. */
export interface Limits {
  readonly timeoutFloor: number;
  readonly timeoutCeiling: number;
  /** The timeout is this many times the smoothed high percentile of proposal-to-certificate. */
  readonly timeoutFactor: number;
  /** A leader puts no more into a block: the larger it is, the longer all wait for it. A bundle that is larger goes alone. */
  readonly bundlesPerBlock: number;
  readonly bytesPerBlock: number;
  /** Bundles that wait for their turn, of all clients and of one, and their bytes as they are written. */
  readonly maxPending: number;
  readonly maxPendingPerClient: number;
  readonly maxPendingBytes: number;
  /** Heights between checkpoints. */
  readonly checkpointEvery: number;
  /** How long an epoch waits for those who join, before it ends without them. */
  readonly joinPatience: number;
  /** How many views a member whose view timed out is skipped. */
  readonly skipViews: number;
  /** Clients with a session, at most: bundles of further ones are not executed. */
  readonly maxClients: number;
  /** Blocks, or bytes of bundles in them, after which a log and a history start again from a snapshot. */
  readonly compactBlocks: number;
  readonly compactBytes: number;
}

/** What the engine is given; all of it pure. */
export interface Env {
  readonly scheme: Signatures;
  /** Of bundles, if it is another than that of votes: to check one of these must cost little. */
  readonly clientScheme?: Pick<Signatures, "verify">;
  readonly id: string;
  readonly secretKey: Uint8Array;
  readonly limits: Limits;
  readonly application: Application;
  /** The platform's own SHA-256, for the payload: the same as the portable one, and several times as fast. */
  readonly sha256?: Sha256;
}
