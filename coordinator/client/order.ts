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
import type { Bundle, Message, Told } from "../protocol/praft/types.ts";

/** Milliseconds until a bundle that found a member unreachable is offered to it again. */
const OFFER_EVERY = 10;
/** Milliseconds until what is not answered is sent to all again. */
const AGAIN_AFTER = 500;

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
  readonly answered: () => boolean;
  readonly resolve: () => void;
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
    const values = this.executed.filter((value) => value !== undefined).toSorted((a, b) => b - a);
    return 1 + (values.find((least) => this.proven(least)) ?? 0);
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
    await this.ask({ kind: "submit", bundle }, () => this.proven(sequence), signal);
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
    const { clock, transport } = this.options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const question = { answered, resolve };
    this.questions.add(question);
    const frame = encodeMessage(message);
    const told = new Set<PeerId>();
    const done = new AbortController();
    const stop = AbortSignal.any([signal, done.signal]);
    try {
      for (let again = clock.now() + AGAIN_AFTER; !answered(); ) {
        if (clock.now() >= again) {
          told.clear();
          again = clock.now() + AGAIN_AFTER;
        }
        for (const { id } of this.committee.members)
          if (!told.has(id) && transport.send(id, frame, "bulk")) told.add(id);
        const all = told.size === this.committee.members.length;
        await Promise.race([promise, clock.sleep(all ? again - clock.now() : OFFER_EVERY, stop)]);
      }
    } finally {
      this.questions.delete(question);
      done.abort();
    }
  }

  private proven(sequence: number): boolean {
    return this.weight((value) => value >= sequence) > this.committee.faulty;
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
    return true;
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
