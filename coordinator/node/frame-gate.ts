import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { PeerId } from "../ports/peer-transport.ts";
import type { ReplicaMetrics } from "../ports/replica-metrics.ts";
import { isQuorateError } from "../protocol/errors.ts";
import { decodeMessage } from "../protocol/praft/decode.ts";
import type { Message } from "../protocol/praft/messages.ts";
import { FloodGuard, type PeerRate } from "./flood-guard.ts";
import { Patience } from "./patience.ts";

export interface FrameGateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: ReplicaMetrics;
  /** Of members, if it is another than the usual; and of strangers. */
  readonly rate?: PeerRate;
  readonly strangerRate?: PeerRate;
}

/** A client's frames hold operations alone, and it is one of many. */
const STRANGER_RATE: PeerRate = { frames: 20_000, bytes: 64 * 2 ** 20 };

/** Milliseconds between two reports of one code. */
const REPORT_EVERY = 1_000;

/** Lets in frames that are messages, as many of a peer as are taken; counts what it turns away. */
export class FrameGate {
  private readonly options: FrameGateOptions;
  private readonly isMember: (peer: PeerId) => boolean;
  private readonly members: FloodGuard;
  private readonly strangers: FloodGuard;
  private readonly patience = new Patience();
  /** By code: when a refusal was reported, and how many were not since. */
  private readonly reported = new Map<string, { readonly at: number; readonly count: number }>();

  /** @param isMember whoever is none is a stranger: identities are free */
  constructor(options: FrameGateOptions, isMember: (peer: PeerId) => boolean) {
    this.options = options;
    this.isMember = isMember;
    const report = (from: PeerId, dropped: number) =>
      options.logger.warn({ from, code: "PEER_FLOODS", dropped }, "a peer sends more than is taken");
    this.members = new FloodGuard(report, options.rate);
    this.strangers = new FloodGuard(report, options.strangerRate ?? STRANGER_RATE);
  }

  /** The message in a frame; undefined if it is none, if its peer floods, or if a stranger sent too many bad ones. */
  admit(from: PeerId, frame: Uint8Array): Message | undefined {
    const { clock, metrics } = this.options;
    const now = clock.now();
    const isMember = this.isMember(from);
    const code = !(isMember ? this.members : this.strangers).admit(from, frame.length, now)
      ? "PEER_FLOODS"
      : isMember || this.patience.has(from, now)
        ? undefined
        : "PEER_SENDS_JUNK";
    if (code) {
      metrics?.refused(code);
      return undefined;
    }
    try {
      return decodeMessage(frame);
    } catch (error) {
      if (!isQuorateError(error)) throw error;
      this.bad(from, error.code);
      return undefined;
    }
  }

  /** What a peer sent is nothing: of a stranger only few such frames are looked at. */
  bad(from: PeerId, code: string): void {
    this.refused(from, code);
    if (!this.isMember(from)) this.patience.charge(from, this.options.clock.now());
  }

  /** Counts what was not taken, and says so now and then: a line for each would fill the disk. */
  refused(from: PeerId, code: string): void {
    const { clock, logger, metrics } = this.options;
    metrics?.refused(code);
    const { at = Number.NEGATIVE_INFINITY, count = 0 } = this.reported.get(code) ?? {};
    const due = clock.now() >= at + REPORT_EVERY;
    this.reported.set(code, { at: due ? clock.now() : at, count: due ? 0 : count + 1 });
    if (due) logger.warn({ from, code, unsaid: count }, "refused");
  }
}
