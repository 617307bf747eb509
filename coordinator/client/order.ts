import type { Clock } from "../ports/clock.ts";
import type { PeerId, PeerTransport } from "../ports/peer-transport.ts";
import type { SignatureScheme } from "../ports/signature-scheme.ts";
import { type Hex, toHex, ZERO_HASH } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import { bundleDigest } from "../protocol/praft/bundle-hashes.ts";
import { clientOf } from "../protocol/praft/bundles.ts";
import { type Committee, type Config, committeeOf, weightOf } from "../protocol/praft/config.ts";
import { decodeMessage } from "../protocol/praft/decode.ts";
import { encodeMessage } from "../protocol/praft/encode.ts";
import type { Message, Told } from "../protocol/praft/messages.ts";
import type { Bundle } from "../protocol/praft/types.ts";

/** Milliseconds until a bundle that found a member unreachable is offered to it again. */
const OFFER_EVERY = 10;
/** Milliseconds until what is not answered is sent to all again, at least; of bundles, as long as none of them was executed. */
const AGAIN_AFTER = 500;
/** Among many members something is executed less often: so many times what usually lies between is waited, or this at most. */
const AGAIN_FACTOR = 2;
const AGAIN_AT_MOST = 10_000;
/** A bundle is kept back while it is so far ahead of what is executed: members take few more of one client. */
const MAX_AHEAD = 1_000;

export interface OrderClientOptions {
  readonly config: Config;
  readonly secretKey: Uint8Array;
  readonly scheme: SignatureScheme;
  /** The platform's own, for the operations. */
  readonly sha256?: Sha256;
  /** Its peers are the members. */
  readonly transport: PeerTransport;
  readonly clock: Clock;
}

/** Somebody waits until the members' answers say so. */
interface Question {
  readonly frame: Uint8Array;
  /** Of a bundle. */
  readonly sequence?: number;
  readonly answered: () => boolean;
  readonly resolve: () => void;
  /** Members it was sent to, the last time. */
  readonly told: Set<PeerId>;
  sentAt: number;
}

/**
 * Has operations ordered by the replicas, and believes what weight above F says: one of them is honest. Any number of
 * bundles may be under way; they are executed in the order of their sequence numbers.
 */
export class OrderClient {
  private readonly options: OrderClientOptions;
  private readonly committee: Committee;
  private readonly clientKey: Uint8Array;
  private readonly client: string;
  /** By member: the last sequence it says is executed. */
  private readonly executed: (number | undefined)[];
  private readonly questions = new Set<Question>();
  /** The last sequence that some honest member has executed, −1 while that is not known; and since when it is that one. */
  private frontier = -1;
  private movedAt = 0;
  /** Milliseconds between two moves, its upper end. */
  private pace = 0;
  private offering = false;
  /** By member: its newest answer about the task that was asked for last. */
  private told: (Told | undefined)[] = [];
  private asked: Hex = ZERO_HASH;

  constructor(options: OrderClientOptions) {
    this.options = options;
    this.committee = committeeOf(options.config);
    this.clientKey = options.scheme.publicKeyOf(options.secretKey);
    this.client = clientOf({ clientKey: this.clientKey });
    this.executed = this.committee.members.map(() => undefined);
  }

  async start(): Promise<void> {
    await this.options.transport.start((from, frame) => this.receive(from, frame));
  }

  /**
   * The next unused sequence: one more than what some honest member has executed. Asks until weight Q has answered.
   * @throws the signal's reason
   */
  async nextSequence(signal: AbortSignal): Promise<number> {
    // A sequence of 0 is executed before anything is: it only asks how far this client is.
    const question = { clientKey: this.clientKey, sequence: 0, operations: [], signature: new Uint8Array() };
    const message: Message = { kind: "submit", bundle: question };
    await this.ask(message, () => this.weight((value) => value >= 0) >= this.committee.quorum, signal);
    return 1 + Math.max(0, this.frontier);
  }

  /**
   * Resolves when the operations, as this client's bundle of that sequence, are executed and durable.
   * @throws the signal's reason
   */
  async submit(operations: readonly Uint8Array[], sequence: number, signal: AbortSignal): Promise<void> {
    const { scheme, secretKey, sha256 } = this.options;
    const unsigned: Bundle = { clientKey: this.clientKey, sequence, operations, signature: new Uint8Array() };
    const signature = scheme.sign(secretKey, bundleDigest(this.committee.groupId, unsigned, sha256));
    const bundle = { ...unsigned, signature };
    await this.ask({ kind: "submit", bundle }, () => this.frontier >= sequence, signal);
  }

  /** The newest height that some honest member has committed. One such question at a time. @throws the signal's reason */
  async height(signal: AbortSignal): Promise<number> {
    await this.askAbout(ZERO_HASH, () => this.weightTold(() => true) >= this.committee.quorum, signal);
    const heights = this.told.filter((each) => each !== undefined).map(({ height }) => height);
    const proven = heights.filter(
      (least) => this.weightTold(({ height }) => height >= least) > this.committee.faulty,
    );
    return Math.max(0, ...proven);
  }

  /**
   * Resolves with the decision on a task, as the replicas write it, once members of weight above F say the same. One such
   * question at a time.
   * @throws the signal's reason
   */
  async decision(task: Hex, signal: AbortSignal): Promise<Uint8Array> {
    const proven = (wanted: Told | undefined) =>
      wanted !== undefined &&
      wanted.decision.length > 0 &&
      this.weightTold(({ decision }) => toHex(decision) === toHex(wanted.decision)) > this.committee.faulty;
    await this.askAbout(task, () => this.told.some(proven), signal);
    return this.told.find(proven)!.decision;
  }

  private async askAbout(task: Hex, answered: () => boolean, signal: AbortSignal): Promise<void> {
    this.told = [];
    this.asked = task;
    await this.ask({ kind: "ask", task }, answered, signal);
  }

  private weightTold(says: (told: Told) => boolean): number {
    const members = [...this.told.keys()].filter((i) => this.told[i] !== undefined && says(this.told[i]));
    return weightOf(this.committee, members);
  }

  private async ask(message: Message, answered: () => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sequence = message.kind === "submit" ? message.bundle.sequence : 0;
    const question: Question = {
      frame: encodeMessage(message),
      ...(sequence > 0 && { sequence }),
      answered,
      resolve,
      told: new Set(),
      sentAt: this.options.clock.now(),
    };
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    this.questions.add(question);
    try {
      if (answered()) return;
      this.offer(question);
      this.keepOffering().catch(reject);
      await promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.questions.delete(question);
    }
  }

  /** One timer for all that is asked. */
  private async keepOffering(): Promise<void> {
    if (this.offering) return;
    this.offering = true;
    try {
      while (this.questions.size > 0) {
        await this.options.clock.sleep(OFFER_EVERY);
        for (const question of this.questions) this.offer(question);
      }
    } finally {
      this.offering = false;
    }
  }

  /** Sends to the members that were not reached yet, and to all again after a while. */
  private offer(question: Question): void {
    const { clock, transport } = this.options;
    const { frame, sequence, told, sentAt } = question;
    const now = clock.now();
    // Bundles are executed in turn: while they are, one that is not yet has only to wait.
    const quiet = sequence === undefined ? sentAt : Math.max(sentAt, this.movedAt);
    if (now >= quiet + Math.min(AGAIN_AT_MOST, Math.max(AGAIN_AFTER, AGAIN_FACTOR * this.pace))) {
      told.clear();
      question.sentAt = now;
    }
    if (sequence !== undefined && this.frontier >= 0 && sequence > this.frontier + MAX_AHEAD) return;
    if (told.size === this.committee.members.length) return;
    for (const { id } of this.committee.members)
      if (!told.has(id) && transport.send(id, frame, "bulk")) told.add(id);
  }

  private weight(says: (executed: number) => boolean): number {
    const members = [...this.executed.keys()].filter((i) => {
      const value = this.executed[i];
      return value !== undefined && says(value);
    });
    return weightOf(this.committee, members);
  }

  /** True if a member's answer says something new. */
  private learns(member: number, message: Message): boolean {
    if (message.kind === "told" && message.task === this.asked) {
      this.told[member] = message;
      return true;
    }
    if (message.kind !== "reply" || clientOf(message) !== this.client) return false;
    if (message.executed <= (this.executed[member] ?? -1)) return false;
    this.executed[member] = message.executed;
    const proven = this.executed.filter(
      (least) => least !== undefined && this.weight((value) => value >= least) > this.committee.faulty,
    ) as number[];
    const frontier = Math.max(-1, ...proven);
    if (frontier > this.frontier) this.moved();
    this.frontier = Math.max(this.frontier, frontier);
    return true;
  }

  private moved(): void {
    const now = this.options.clock.now();
    const gap = now - this.movedAt;
    if (this.movedAt > 0) this.pace += (gap - this.pace) / (gap > this.pace ? 4 : 64);
    this.movedAt = now;
  }

  private receive(from: PeerId, frame: Uint8Array): void {
    const member = this.committee.members.findIndex(({ id }) => id === from);
    try {
      const message = decodeMessage(frame);
      if (member < 0 || !this.learns(member, message)) return;
      for (const { answered, resolve } of this.questions) if (answered()) resolve();
    } catch (error) {
      if (!isQuorateError(error)) throw error;
    }
  }
}
