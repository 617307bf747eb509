import type { Clock } from "../ports/clock.ts";
import type { SignatureScheme } from "../ports/signature-scheme.ts";
import { equalBytes, toHex } from "../protocol/bytes.ts";
import { type Ballot, ballotDigest, encodeBallot } from "../protocol/decisions/operations.ts";
import { bundleDigest } from "../protocol/praft/bundle-hashes.ts";
import { clientOf } from "../protocol/praft/bundles.ts";
import type { Signatures } from "../protocol/praft/certificates.ts";
import type { Committee } from "../protocol/praft/config.ts";
import { MAX_OPERATIONS } from "../protocol/praft/decode-block.ts";
import type { Bundle } from "../protocol/praft/types.ts";
import type { Replica } from "./replica.ts";
import type { Ordered } from "./replica-options.ts";

/** Milliseconds until a bundle that is not executed yet is handed out again. */
const AGAIN_AFTER = 500;

/** The replica beside a miner, as the miner's node uses it. */
export interface Ordering {
  readonly scheme: Signatures;
  /** False once the replica has stopped: nothing is ordered here any more. */
  readonly alive: boolean;
  /** Of the newest epoch here. */
  readonly committee: Committee;
  readonly height: number;
  /**
   * Has operations ordered for a round (its name); they are handed out again, by `look`, until they are executed here. What
   * still waits for another round is given up.
   */
  order(round: string, operations: readonly Uint8Array[]): void;
  /** A ballot of this member; undefined if it is none in the newest epoch. */
  ballot(content: Omit<Ballot, "operation" | "signer" | "signature">): Uint8Array | undefined;
  look(): void;
  follow(listener: (ordered: Ordered) => void): void;
}

export interface ReplicaOrderingOptions {
  readonly scheme: SignatureScheme;
  /** The member's vote key: it signs ballots. */
  readonly secretKey: Uint8Array;
  /** A key that signs bundles, here alone: two uses of one would race for its sequence numbers. */
  readonly bundleKey: Uint8Array;
  readonly clock: Clock;
}

interface UnderWay {
  readonly round: string;
  readonly bundle: Bundle;
  sentAt: number;
}

/** Orders through the replica of the same process: one bundle at a time, in the order it was asked to. */
export class ReplicaOrdering implements Ordering {
  readonly scheme: Signatures;
  alive = false;
  private readonly options: ReplicaOrderingOptions;
  readonly clientKey: Uint8Array;
  private readonly listeners: ((ordered: Ordered) => void)[] = [];
  private round = "";
  private waiting: Uint8Array[] = [];
  private underWay: UnderWay | undefined;
  private replica: Replica | undefined;

  constructor(options: ReplicaOrderingOptions) {
    this.options = options;
    this.scheme = options.scheme;
    this.clientKey = options.scheme.publicKeyOf(options.bundleKey);
  }

  /** Runs the replica until the signal is aborted, or it stops with an error. */
  async run(replica: Replica, signal: AbortSignal): Promise<void> {
    this.replica = replica;
    try {
      await replica.run(signal, () => {
        this.alive = true;
      });
    } finally {
      this.alive = false;
    }
  }

  get committee(): Committee {
    return this.replica!.committee!;
  }

  get height(): number {
    return this.replica!.height;
  }

  order(round: string, operations: readonly Uint8Array[]): void {
    if (round !== this.round) this.waiting = [];
    this.round = round;
    // While the engine stands still whoever asks again asks for the same.
    const asked = new Set([...(this.underWay?.bundle.operations ?? []), ...this.waiting].map(toHex));
    this.waiting.push(...operations.filter((operation) => !asked.has(toHex(operation))));
    this.offer();
  }

  ballot(content: Omit<Ballot, "operation" | "signer" | "signature">): Uint8Array | undefined {
    const { scheme, secretKey } = this.options;
    const { committee } = this;
    const own = toHex(scheme.publicKeyOf(secretKey));
    const signer = committee.members.findIndex(({ voteKey }) => toHex(voteKey) === own);
    if (signer < 0) return undefined;
    const signature = scheme.sign(secretKey, ballotDigest(committee, { ...content, signer }));
    return encodeBallot({ ...content, signer, signature });
  }

  follow(listener: (ordered: Ordered) => void): void {
    this.listeners.push(listener);
  }

  look(): void {
    const { underWay, options, replica } = this;
    if (!underWay) this.offer();
    if (!underWay || !replica || options.clock.now() - underWay.sentAt < AGAIN_AFTER) return;
    underWay.sentAt = options.clock.now();
    // After a snapshot no block says whose bundle took the sequence: one asked for twice is executed without effect.
    if (replica.executedOf(clientOf(this)) >= underWay.bundle.sequence) this.again(underWay);
    else replica.submit(underWay.bundle);
  }

  /** What the replica committed; see {@link Ordered}. */
  readonly ordered = (ordered: Ordered): void => {
    const own = clientOf(this);
    for (const bundle of ordered.bundles) if (clientOf(bundle) === own) this.executed(bundle);
    for (const listener of this.listeners) listener(ordered);
  };

  /** A bundle from before a restart may have taken the sequence: what waits now goes into the next one. */
  private executed(bundle: Bundle): void {
    const { underWay } = this;
    if (!underWay || bundle.sequence < underWay.bundle.sequence) return;
    if (equalBytes(bundle.signature, underWay.bundle.signature)) this.next();
    else this.again(underWay);
  }

  /** Puts what was not executed, or perhaps not, into the next bundle. */
  private again({ round, bundle }: UnderWay): void {
    if (round === this.round) this.waiting = [...bundle.operations, ...this.waiting];
    this.next();
  }

  private next(): void {
    this.underWay = undefined;
    this.offer();
  }

  private offer(): void {
    if (!this.alive || this.underWay || this.waiting.length === 0) return;
    const { scheme, bundleKey, clock } = this.options;
    const { clientKey } = this;
    const operations = this.waiting.splice(0, MAX_OPERATIONS);
    const sequence = this.replica!.executedOf(clientOf(this)) + 1;
    const unsigned: Bundle = { clientKey, sequence, operations, signature: new Uint8Array() };
    const signature = scheme.sign(bundleKey, bundleDigest(this.committee.groupId, unsigned));
    this.underWay = { round: this.round, bundle: { ...unsigned, signature }, sentAt: clock.now() };
    this.replica!.submit(this.underWay.bundle);
  }
}
