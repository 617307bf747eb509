import type { FrameHandler, PeerId } from "../ports/peer-transport.ts";
import { clientOf } from "../protocol/praft/bundles.ts";
import type { Committee, Config } from "../protocol/praft/config.ts";
import { decodeMessage } from "../protocol/praft/decode.ts";
import type { Effect, Event } from "../protocol/praft/effects.ts";
import { encodeMessage } from "../protocol/praft/encode.ts";
import type { Env } from "../protocol/praft/env.ts";
import type { Message } from "../protocol/praft/messages.ts";
import { recover } from "../protocol/praft/recovery.ts";
import { currentLeader, type State } from "../protocol/praft/state.ts";
import { step, wakeAt } from "../protocol/praft/step.ts";
import type { Anchor, Bundle } from "../protocol/praft/types.ts";
import { Announcements } from "./announcements.ts";
import { ClientDesk } from "./client-desk.ts";
import { CommitteeBook } from "./committee-book.ts";
import { FrameGate } from "./frame-gate.ts";
import { RecordWriter } from "./record-writer.ts";
import { envOf, forkError, type ReplicaOptions } from "./replica-options.ts";
import { submissionOf } from "./submissions.ts";

/** Milliseconds between two looks at the clock, at most: the engine may want to wake earlier than it said before. */
const LOOK_EVERY = 20;

/** Carries out what the engine decides: writes its log, sends after what is sent is durable, answers clients. */
export class Replica {
  private readonly options: ReplicaOptions;
  private readonly env: Env;
  private readonly writer: RecordWriter;
  private readonly gate: FrameGate;
  private readonly desk: ClientDesk;
  private readonly stopped = Promise.withResolvers<void>();
  private state!: State;
  private waiting: Effect[] = [];
  private halted = true; // until the log is read, too
  private readonly committees = new CommitteeBook();
  private readonly announcements: Announcements;

  constructor(options: ReplicaOptions) {
    this.options = options;
    this.env = envOf(options);
    this.writer = new RecordWriter(options.log);
    this.announcements = new Announcements(options, this.committees);
    const founders = new Set(options.config.members.map(({ id }) => id));
    this.gate = new FrameGate(options, (peer) => founders.has(peer) || this.isMember(peer));
    this.desk = new ClientDesk(options.transport, options.decisions);
  }

  /** Height of the newest block committed here. */
  get height(): number {
    return this.state.committed.height;
  }

  /** Of the newest epoch; undefined until the log is read. */
  get committee(): Committee | undefined {
    return this.state?.committee;
  }

  /** The last of a client's sequences that is executed here. */
  executedOf(client: string): number {
    return this.state.sessions.get(client) ?? 0;
  }

  /** Hands a bundle of this process's own to all members. */
  submit(bundle: Bundle): void {
    if (!this.halted) this.send("all", { kind: "submit", bundle });
  }

  /**
   * Runs until the signal is aborted; `started` is called once the log is read and others are heard.
   * @throws QuorateError LOG_CORRUPT, LOG_UNWRITABLE, PRAFT_FORK, PEER_LISTEN
   */
  async run(signal: AbortSignal, started?: () => void): Promise<void> {
    const { config, log, transport, damaged = false } = this.options;
    const records: Message[] = [];
    for await (const record of log.read()) records.push(decodeMessage(record));
    const { state, effects } = recover(config, this.env, records, damaged);
    this.state = state;
    this.halted = false;
    this.committees.note(state);
    try {
      await transport.start(this.receive);
      started?.();
      this.carryOut(effects);
      if (this.options.anchor) this.anchored(this.options.anchor);
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

  private readonly receive: FrameHandler = (from, frame) =>
    this.guarded(() => {
      const message = this.gate.admit(from, frame);
      if (message) this.handleMessage(from, message);
    });

  /** What fails here stops the replica, not the process. */
  private guarded(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.stopped.reject(error);
    }
  }

  private isMember(peer: PeerId): boolean {
    return this.committee?.members.some(({ id }) => id === peer) === true;
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY, signal).catch(() => {});
      const now = clock.now();
      if (!signal.aborted && now >= wakeAt(this.state, this.env)) this.handle({ kind: "tick", now });
      if (!signal.aborted && !this.halted) this.moveHeight(now);
    }
  }

  private moveHeight(now: number): void {
    const { heights } = this.options;
    const { app, committee, committed, sessions, self, view } = this.state;
    if (self < 0 || !heights?.awaited(app, this.announcements.certifiedRoot)) return;
    const leads = currentLeader(this.state, view) === self;
    const { groupId } = committee;
    const bundle = heights.clock.tick({ now, height: committed.height, leads, groupId, sessions });
    if (bundle) this.send("all", { kind: "submit", bundle });
  }

  private handleMessage(from: PeerId, message: Message): void {
    const event = { kind: "message", now: this.options.clock.now(), from, message } as const;
    if (message.kind === "ask") this.desk.answer(from, message.task, this.height);
    else if (message.kind === "submit") this.handleBundle(event, message.bundle);
    else this.handle(event);
  }

  private handleBundle(event: Event & { kind: "message" }, bundle: Bundle): void {
    const { from } = event;
    this.desk.brought(from, bundle);
    const effects = this.handle(event);
    const became = effects && submissionOf(this.state, bundle, effects);
    if (became === "taken") this.desk.note(from, bundle);
    else if (became === "bad") this.gate.bad(from, "PRAFT_BAD_BUNDLE");
  }

  /** The effects; undefined once nothing is handled any more. */
  private handle(event: Event): readonly Effect[] | undefined {
    if (this.halted) return undefined;
    const { effects } = step(this.state, event, this.env);
    this.committees.note(this.state);
    this.carryOut(effects);
    return effects;
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
    switch (effect.kind) {
      case "send":
        this.send(effect.to, effect.message);
        return;
      case "commit":
        this.committed(effect);
        return;
      case "executed":
        this.desk.reply(effect.bundle, this.executedOf(clientOf(effect.bundle)));
        return;
      case "evidence":
        this.announcements.contradicted(effect.evidence);
        return;
      case "fork":
        this.halted = true;
        this.stopped.reject(forkError(effect));
        return;
      case "installed":
        this.options.logger.info({ height: effect.content.height }, "went on from a snapshot");
        return;
      case "refused":
        this.gate.refused(effect.from, effect.code);
        return;
      case "anchor":
        this.announcements.certified(effect.checkpoints);
    }
  }

  private committed(effect: Effect & { kind: "commit" }): void {
    this.announcements.committed(effect, currentLeader(this.state, this.state.view));
    this.desk.replyAll(effect.fresh, (client) => this.executedOf(client));
  }

  private send(to: PeerId | "all", message: Message): void {
    const { transport } = this.options;
    const bulk = message.kind === "propose" || (message.kind === "sync-reply" && message.blocks.length > 0);
    const ids = to === "all" ? this.state.committee.members.map(({ id }) => id) : [to];
    const frame = encodeMessage(message);
    for (const id of ids) {
      if (id === transport.self) setImmediate(() => this.guarded(() => this.handleMessage(id, message)));
      else transport.send(id, frame, bulk ? "bulk" : "urgent");
    }
  }
}
