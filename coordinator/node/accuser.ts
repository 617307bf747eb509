import type { CheckpointChain } from "../ports/checkpoints.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { isQuorateError, type QuorateError } from "../protocol/errors.ts";
import type { Committee } from "../protocol/praft/config.ts";
import type { Checkpoint } from "../protocol/praft/messages.ts";

/**
 * What no later try changes: the two statements are what they are, and an offence is punished once. Anything else passes: a
 * pause, a chain that does not answer, an account that cannot pay, an epoch that the chain does not know yet.
 */
const CLOSED = [
  "ALREADY_PUNISHED",
  "NOT_A_MINER",
  "SIGNER_UNRECOVERABLE",
  "SIGNERS_DIFFER",
  "NO_CONTRADICTION",
  "NOT_SAME_HEIGHT",
];
/** Milliseconds until a contradiction that could not be proven is filed again. */
const AGAIN_AFTER = 10_000;
/** Contradictions kept; each that is filed costs its signer half of its stake, so few are enough. */
const MOST_KEPT = 256;

interface Contradiction {
  readonly config: Committee;
  readonly first: Checkpoint;
  readonly second: Checkpoint;
  /** Once filed, or in vain for good. */
  closed: boolean;
  notBefore: number;
}

export interface AccuserOptions {
  readonly chain: Pick<CheckpointChain, "accuse">;
  readonly clock: Pick<Clock, "now">;
  readonly logger: Logger;
}

/** Takes the stake of members that signed two checkpoints of one height, as soon as the chain lets it. */
export class Accuser {
  private readonly options: AccuserOptions;
  private readonly kept = new Map<string, Contradiction>();

  constructor(options: AccuserOptions) {
    this.options = options;
  }

  /** Notes a contradiction; the next `file` proves it. One of an epoch, height and signer is enough. */
  note(config: Committee, first: Checkpoint, second: Checkpoint): void {
    const key = `${first.epoch}/${first.height}/${first.signer}`;
    if (this.kept.has(key) || !this.makeRoom()) return;
    this.kept.set(key, { config, first, second, closed: false, notBefore: Number.NEGATIVE_INFINITY });
  }

  /** Proves what is not proven yet, one after the other; a failure costs the others nothing. */
  async file(): Promise<void> {
    const { clock } = this.options;
    for (const each of this.kept.values())
      if (!each.closed && clock.now() >= each.notBefore) await this.prove(each);
  }

  private async prove(contradiction: Contradiction): Promise<void> {
    const { config, first, second } = contradiction;
    const { chain, clock, logger } = this.options;
    try {
      const { hash } = await chain.accuse(config, first, second);
      contradiction.closed = true;
      logger.warn({ signer: first.signer, transaction: hash }, "proved two checkpoints of one height");
    } catch (error) {
      if (!isQuorateError(error)) throw error;
      contradiction.closed = isClosed(error);
      contradiction.notBefore = clock.now() + AGAIN_AFTER;
      const { code, message } = error;
      const again = !contradiction.closed;
      logger.warn(
        { signer: first.signer, code, error: message, again },
        "could not prove two checkpoints of one height",
      );
    }
  }

  /** False if all places are taken by what is not decided yet. */
  private makeRoom(): boolean {
    const { kept } = this;
    if (kept.size < MOST_KEPT) return true;
    const done = [...kept].find(([, { closed }]) => closed);
    return done !== undefined && kept.delete(done[0]);
  }
}

function isClosed({ code }: QuorateError): boolean {
  return CLOSED.includes(code);
}
