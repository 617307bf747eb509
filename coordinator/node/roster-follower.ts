import type { ChainReader } from "../ports/chain.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { successorOf } from "../protocol/decisions/succession.ts";
import { isQuorateError } from "../protocol/errors.ts";
import type { Committee, Config } from "../protocol/praft/config.ts";

export interface RosterFollowerOptions {
  readonly chain: Pick<ChainReader, "miners">;
  /** All that may be in a committee: the members of the committee file. */
  readonly known: Config["members"];
  /** In force; undefined while the replica still reads its log. */
  readonly committee: () => Committee | undefined;
  readonly reconfigure: (config: Config) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds between two looks at the chain. */
  readonly lookEvery: number;
}

/** Has the miners' roster name the next committee. Who is told the same as the leader votes for it; others are told soon. */
export class RosterFollower {
  private readonly options: RosterFollowerOptions;

  constructor(options: RosterFollowerOptions) {
    this.options = options;
  }

  /** Looks at the chain until the signal is aborted. A chain that does not answer only delays. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, lookEvery, logger } = this.options;
    while (!signal.aborted) {
      await clock.sleep(lookEvery, signal).catch(() => {});
      if (signal.aborted) return;
      await this.look().catch((error: unknown) => {
        if (!isQuorateError(error)) throw error;
        logger.warn({ code: error.code, error: error.message }, "the roster could not be read");
      });
    }
  }

  async look(): Promise<void> {
    const { chain, known, committee, reconfigure, logger } = this.options;
    const miners = await chain.miners();
    const roster = miners.filter(({ active }) => active);
    const current = committee();
    const next = current && successorOf(current, roster, known);
    if (!next) return;
    logger.debug({ epoch: next.epoch, members: next.members.length }, "the roster names a committee");
    reconfigure(next);
  }
}
