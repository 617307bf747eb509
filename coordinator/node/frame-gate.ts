import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { PeerId } from "../ports/peer-transport.ts";
import type { ReplicaMetrics } from "../ports/replica-metrics.ts";
import { isQuorateError } from "../protocol/errors.ts";
import { decodeMessage } from "../protocol/praft/decode.ts";
import type { Message } from "../protocol/praft/messages.ts";
import { FloodGuard, type PeerRate } from "./flood-guard.ts";

export interface FrameGateOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: ReplicaMetrics;
  readonly rate?: PeerRate;
}

/** Lets in frames that are messages, as many of a peer as are taken; counts what it turns away. */
export class FrameGate {
  private readonly options: FrameGateOptions;
  private readonly guard: FloodGuard;

  constructor(options: FrameGateOptions) {
    this.options = options;
    this.guard = new FloodGuard(
      (from, dropped) =>
        options.logger.warn({ from, code: "PEER_FLOODS", dropped }, "a peer sends more than is taken"),
      options.rate,
    );
  }

  /** The message in a frame; undefined if it is none, or if its peer floods. */
  admit(from: PeerId, frame: Uint8Array): Message | undefined {
    const { clock, logger, metrics } = this.options;
    if (!this.guard.admit(from, frame.length, clock.now())) {
      metrics?.refused("PEER_FLOODS");
      return undefined;
    }
    try {
      return decodeMessage(frame);
    } catch (error) {
      if (!isQuorateError(error)) throw error;
      metrics?.refused(error.code);
      logger.warn({ from, code: error.code }, "a frame is no message");
      return undefined;
    }
  }
}
