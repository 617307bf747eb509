import type { Application } from "./application.ts";
import type { Signatures } from "./certificates.ts";

/** Milliseconds and counts; the same at every member, but only `checkpointEvery` and `maxClients` have to be. */
export interface Limits {
  readonly timeoutFloor: number;
  readonly timeoutCeiling: number;
  /** The timeout is this many times the smoothed high percentile of proposal-to-certificate. */
  readonly timeoutFactor: number;
  readonly bundlesPerBlock: number;
  /** Bundles that wait for their turn, of all clients and of one, and the bytes of their operations. */
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
  /** Blocks, or bytes of operations in them, after which a log and a history start again from a snapshot. */
  readonly compactBlocks: number;
  readonly compactBytes: number;
}

/** What the engine is given; all of it pure. */
export interface Env {
  readonly scheme: Signatures;
  readonly id: string;
  readonly secretKey: Uint8Array;
  readonly limits: Limits;
  readonly application: Application;
}
