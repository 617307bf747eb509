import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { FrameHandler, PeerId, PeerTransport } from "../ports/peer-transport.ts";
import type { ReplicaLog } from "../ports/replica-log.ts";
import type { SignatureScheme } from "../ports/signature-scheme.ts";
import { isQuorateError, QuorateError } from "../protocol/errors.ts";
import { type Application, orderApplication } from "../protocol/praft/application.ts";
import { clientOf } from "../protocol/praft/bundles.ts";
import type { Config } from "../protocol/praft/config.ts";
import { decodeMessage } from "../protocol/praft/decode.ts";
import type { Effect, Event } from "../protocol/praft/effects.ts";
import { encodeMessage } from "../protocol/praft/encode.ts";
import type { Env, Limits } from "../protocol/praft/env.ts";
import { recover } from "../protocol/praft/recovery.ts";
import { currentLeader, type State } from "../protocol/praft/state.ts";
import { step, wakeAt } from "../protocol/praft/step.ts";
import type { Anchor, Bundle, Message } from "../protocol/praft/types.ts";
import { FloodGuard } from "./flood-guard.ts";
import { RecordWriter } from "./record-writer.ts";

const LIMITS: Limits = {
  timeoutFloor: 250,
  timeoutCeiling: 10_000,
  timeoutFactor: 4,
  bundlesPerBlock: 512,
  maxPending: 10_000,
  maxPendingPerClient: 1_024,
  maxPendingBytes: 128 * 2 ** 20,
  checkpointEvery: 64,
  joinPatience: 30_000,
  skipViews: 8,
  maxClients: 65_536,
  compactBlocks: 4_096,
  compactBytes: 64 * 2 ** 20,
};
/** Milliseconds between two looks at the clock, at most: the engine may want to wake earlier than it said before. */
const LOOK_EVERY = 20;
/** Clients whose connection is remembered. */
const MAX_CLIENTS = 10_000;

export interface ReplicaOptions {
  readonly config: Config;
  readonly secretKey: Uint8Array;
  readonly scheme: SignatureScheme;
  readonly log: ReplicaLog;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The log was lost or damaged: follows, and signs nothing until the epoch after the next. */
  readonly damaged?: boolean;
  /** What committed operations drive; the order alone if it is left out. */
  readonly application?: Application;
  readonly onCommit?: (commit: Committed) => void;
}

/** A block committed here. */
export interface Committed {
  readonly height: number;
  readonly view: number;
  /** Whose turn the view is, as this replica knows it now: a number in the committee. */
  readonly leader: number;
  /** Executed here now; those executed before do not count. */
  readonly operations: number;
}

/** Carries out what the engine decides: writes its log, sends after what is sent is durable, answers clients. */
export class Replica {
  private readonly options: ReplicaOptions;
  private readonly env: Env;
  private readonly writer: RecordWriter;
  private readonly guard: FloodGuard;
  private readonly clients = new Map<string, PeerId>();
  private readonly stopped = Promise.withResolvers<void>();
  private state!: State;
  private waiting: Effect[] = [];
  private halted = false;

  constructor(options: ReplicaOptions) {
    this.options = options;
    const { scheme, secretKey, transport, application = orderApplication } = options;
    this.env = { scheme, secretKey, id: transport.self, limits: LIMITS, application };
    this.writer = new RecordWriter(options.log);
    this.guard = new FloodGuard((from, dropped) =>
      options.logger.warn({ from, code: "PEER_FLOODS", dropped }, "a peer sends more than is taken"),
    );
  }

  /** Height of the newest block committed here. */
  get height(): number {
    return this.state.committed.height;
  }

  /**
   * Runs until the signal is aborted.
   * @throws QuorateError LOG_CORRUPT, LOG_UNWRITABLE, PRAFT_FORK, PEER_LISTEN
   */
  async run(signal: AbortSignal): Promise<void> {
    const { config, log, transport, damaged = false } = this.options;
    const records: Message[] = [];
    for await (const record of log.read()) records.push(decodeMessage(record));
    const { state, effects } = recover(config, this.env, records, damaged);
    this.state = state;
    try {
      await transport.start(this.receive);
      this.carryOut(effects);
      await Promise.race([this.look(signal), this.stopped.promise]);
    } finally {
      this.halted = true;
      await transport.stop();
    }
  }

  /** The chain named the next epoch's committee; anything but the next epoch is ignored. @throws QuorateError PRAFT_CONFIG */
  reconfigure(config: Config): void {
    this.handle({ kind: "reconfigure", now: this.options.clock.now(), config });
  }

  /** A checkpoint is final on the chain: no history without it is believed from now on. */
  anchored(anchor: Anchor): void {
    this.handle({ kind: "anchored", now: this.options.clock.now(), anchor });
  }

  private readonly receive: FrameHandler = (from, frame) => {
    if (!this.guard.admit(from, frame.length, this.options.clock.now())) return;
    try {
      this.handleMessage(from, decodeMessage(frame));
    } catch (error) {
      if (!isQuorateError(error)) return this.stopped.reject(error);
      this.options.logger.warn({ from, code: error.code }, "a frame is no message");
    }
  };

  private async look(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY, signal).catch(() => {});
      const now = clock.now();
      if (!signal.aborted && now >= wakeAt(this.state, this.env)) this.handle({ kind: "tick", now });
    }
  }

  private handleMessage(from: PeerId, message: Message): void {
    if (message.kind === "submit") {
      if (this.clients.size >= MAX_CLIENTS) this.clients.delete(this.clients.keys().next().value!);
      this.clients.set(clientOf(message.bundle), from);
    }
    this.handle({ kind: "message", now: this.options.clock.now(), from, message });
  }

  private handle(event: Event): void {
    if (this.halted) return;
    this.carryOut(step(this.state, event, this.env).effects);
  }

  private carryOut(effects: readonly Effect[]): void {
    const { writer } = this;
    try {
      for (const effect of effects) {
        if (effect.kind === "persist") writer.append(encodeMessage(effect.record), effect.token);
        else if (effect.kind === "compact") writer.replace(effect.records.map(encodeMessage), effect.token);
        else if ("after" in effect && effect.after > writer.durable) this.waiting.push(effect);
        else this.release(effect);
      }
    } catch (error) {
      this.stopped.reject(error);
    }
    writer.flush(this.releaseDurable).catch((error: unknown) => {
      this.halted = true;
      this.stopped.reject(error);
    });
  }

  private readonly releaseDurable = (): void => {
    if (this.halted) return;
    const all = this.waiting;
    this.waiting = [];
    for (const effect of all) {
      if ("after" in effect && effect.after > this.writer.durable) this.waiting.push(effect);
      else this.release(effect);
    }
  };

  private release(effect: Effect): void {
    const { logger, onCommit } = this.options;
    switch (effect.kind) {
      case "send":
        this.send(effect.to, effect.message);
        return;
      case "commit":
        for (const bundle of effect.fresh) this.reply(bundle);
        onCommit?.({
          height: effect.block.block.height,
          view: effect.block.block.view,
          leader: currentLeader(this.state, this.state.view),
          operations: effect.fresh.reduce((sum, { operations }) => sum + operations.length, 0),
        });
        return;
      case "executed":
        this.reply(effect.bundle);
        return;
      case "evidence":
        logger.warn(
          { kind: effect.evidence.kind, signer: effect.evidence.first.signer },
          "a member contradicts itself",
        );
        return;
      case "fork":
        this.halted = true;
        this.stopped.reject(forkError(effect));
        return;
      case "installed":
        logger.info({ height: effect.content.height }, "went on from a snapshot");
        return;
      case "refused":
        logger.warn({ from: effect.from, code: effect.code }, "refused");
        return;
      case "anchor":
        logger.info({ height: effect.checkpoints[0]?.height }, "a checkpoint has its quorum");
    }
  }

  private send(to: PeerId | "all", message: Message): void {
    const { transport } = this.options;
    const bulk = message.kind === "propose" || (message.kind === "sync-reply" && message.blocks.length > 0);
    const ids = to === "all" ? this.state.committee.members.map(({ id }) => id) : [to];
    const frame = encodeMessage(message);
    for (const id of ids) {
      if (id === transport.self) setImmediate(() => this.handleMessage(id, message));
      else transport.send(id, frame, bulk ? "bulk" : "urgent");
    }
  }

  private reply({ clientKey }: Bundle): void {
    const client = clientOf({ clientKey });
    const peer = this.clients.get(client);
    if (!peer) return;
    const executed = this.state.sessions.get(client) ?? 0;
    this.options.transport.send(peer, encodeMessage({ kind: "reply", clientKey, executed }), "urgent");
  }
}

function forkError({ code, height, charges }: Effect & { kind: "fork" }): QuorateError {
  const why =
    code === "PRAFT_FORK"
      ? `two blocks are committed above height ${height}: more than F lie`
      : `the history lacks a checkpoint that is final on the chain, above height ${height}`;
  return new QuorateError(code, why, { height, charges: charges.length });
}
