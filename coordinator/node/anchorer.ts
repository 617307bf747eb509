import type { AnchorHead, CheckpointChain } from "../ports/checkpoints.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { ZERO_HASH } from "../protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../protocol/errors.ts";
import { type Committee, type Config, committeeOf, configHash } from "../protocol/praft/config.ts";
import type { Checkpoint } from "../protocol/praft/messages.ts";
import type { Anchor } from "../protocol/praft/types.ts";
import { Accuser } from "./accuser.ts";

/** What another member's transaction, a moment earlier, makes of one's own. */
const OVERTAKEN = ["HEIGHT_NOT_RISING", "WRONG_EPOCH", "WRONG_CONFIG", "TRANSACTION_REPLACED"];

export interface AnchorerOptions {
  readonly chain: CheckpointChain;
  /** The committee the replica was started with. */
  readonly config: Config;
  /** This member's name. */
  readonly id: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Heights after which, and milliseconds after which, what is certified is anchored. */
  readonly everyHeights: number;
  readonly everyMilliseconds: number;
  /** Milliseconds between two looks at the chain, and until the next member takes a turn that was not used. */
  readonly lookEvery: number;
  readonly patience: number;
  /** Told of every checkpoint found on the chain, by the engine's hash of its committee. */
  readonly onAnchored: (anchor: Anchor) => void;
}

interface Certified {
  readonly config: Committee;
  readonly checkpoints: readonly Checkpoint[];
}

/**
 * Brings certified checkpoints to the chain: members take turns, and the next steps in for one that stays silent. The end
 * of an epoch goes first, for without it the chain does not know the next committee.
 */
export class Anchorer {
  private readonly options: AnchorerOptions;
  private readonly founders: Committee;
  private readonly closings: Certified[] = [];
  private newest: Certified | undefined;
  private head: AnchorHead | undefined;
  private movedAt: number;
  /** When something became due, since the chain last moved. */
  private dueSince: number | undefined;
  private readonly accuser: Accuser;

  constructor(options: AnchorerOptions) {
    this.options = options;
    this.founders = committeeOf(options.config);
    this.accuser = new Accuser(options);
    this.movedAt = options.clock.now();
  }

  /** Weight Q signed this content; the committee is that of its epoch. */
  certified(config: Committee, checkpoints: readonly Checkpoint[]): void {
    const found = { config, checkpoints };
    const { height, nextConfigHash } = checkpoints[0]!;
    if (nextConfigHash !== ZERO_HASH) this.closings.push(found);
    else if (!this.newest || height > this.newest.checkpoints[0]!.height) this.newest = found;
  }

  /** Takes the stake of a member that signed two checkpoints of one height, by the next looks. */
  accuse(config: Committee, first: Checkpoint, second: Checkpoint): void {
    this.accuser.note(config, first, second);
  }

  /**
   * The newest checkpoint on the chain, which a replica has to know before it believes anybody.
   * @throws QuorateError ANCHOR_OTHER_GROUP if the committee's group is not the registry's, RPC_UNREACHABLE
   */
  async newestAnchor(): Promise<Anchor | undefined> {
    const { chain, config } = this.options;
    const groupId = await chain.groupId();
    if (groupId === config.groupId) {
      const { newest } = await chain.head();
      return newest && this.inEngineTerms(newest);
    }
    throw new QuorateError(
      "ANCHOR_OTHER_GROUP",
      `the committee's group is ${config.groupId}, and the registry anchors ${groupId} only: put that into the committee file`,
      { groupId, given: config.groupId },
    );
  }

  /** Looks at the chain until the signal is aborted. A chain that does not answer only delays. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, lookEvery, logger } = this.options;
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => {
        if (!isQuorateError(error)) throw error;
        logger.warn({ code: error.code, error: error.message }, "the chain could not be asked or told");
      });
      await clock.sleep(lookEvery, signal).catch(() => {});
    }
  }

  /** One look: proves contradictions, learns what is anchored, and anchors what is due if it is this member's turn. */
  async look(): Promise<void> {
    await this.accuser.file();
    const { chain, clock, onAnchored } = this.options;
    const head = await chain.head();
    const now = clock.now();
    if (head.count !== this.head?.count || head.configHash !== this.head.configHash) {
      this.movedAt = now;
      this.dueSince = undefined;
    }
    this.head = head;
    if (head.newest) onAnchored(this.inEngineTerms(head.newest));
    const due = this.due(head);
    this.dueSince = due && (this.dueSince ?? now);
    if (due && now - this.dueSince! >= this.turnAfter(head, due)) await this.send(due);
  }

  private due(head: AnchorHead): Certified | undefined {
    while (this.closings[0] && this.closings[0].config.epoch < head.epoch) this.closings.shift();
    const fits = (each: Certified | undefined) =>
      each?.config.epoch === head.epoch && each.checkpoints[0]!.height > head.height;
    const closing = this.closings.find(fits);
    if (closing) return closing;
    const { everyHeights, everyMilliseconds, clock } = this.options;
    const waited = clock.now() - this.movedAt >= everyMilliseconds;
    if (!fits(this.newest)) return undefined;
    return waited || this.newest!.checkpoints[0]!.height - head.height >= everyHeights
      ? this.newest
      : undefined;
  }

  /** How long this member leaves what is due to those before it: the turn moves on with every anchor. */
  private turnAfter({ count }: AnchorHead, { config }: Certified): number {
    const { id, patience } = this.options;
    const own = config.members.findIndex((member) => member.id === id);
    const { length } = config.members;
    // Who is no member any more is last: it may be the only one left that knows.
    const place = own < 0 ? length : (own - (count % length) + length) % length;
    return place * patience;
  }

  private async send({ config, checkpoints }: Certified): Promise<void> {
    const { chain, logger } = this.options;
    const { epoch, height } = checkpoints[0]!;
    try {
      const { hash, gasUsed } = await chain.anchor(config, checkpoints);
      logger.info({ epoch, height, transaction: hash, gas: String(gasUsed) }, "anchored");
    } catch (error) {
      if (!OVERTAKEN.some((code) => isQuorateError(error, code))) throw error;
      logger.debug({ epoch, height }, "another member anchored first");
    }
  }

  /** The chain knows the founders by key and weight only; the engine's hash binds their names too. */
  private inEngineTerms(anchor: Anchor): Anchor {
    const founded = anchor.configHash === configHash(this.founders, ZERO_HASH);
    return founded ? { ...anchor, configHash: this.founders.hash } : anchor;
  }
}
