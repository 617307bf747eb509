import {
  compareRank,
  isTimeoutCertificate,
  largestRank,
} from "../../coordinator/protocol/praft/certificates.ts";
import type { Committee } from "../../coordinator/protocol/praft/config.ts";
import { starts } from "../../coordinator/protocol/praft/forensics.ts";
import type { Timeout, Vote } from "../../coordinator/protocol/praft/messages.ts";
import type { Block, Rank } from "../../coordinator/protocol/praft/types.ts";
import { testScheme } from "../protocol/praft/fixtures.ts";

interface Ballot {
  readonly rank: Rank;
  readonly hash: string;
}

/** What each honest identity signed, over all its restarts: the vote rule, looked at from outside. */
export class Ballots {
  readonly #committees: readonly Committee[];
  readonly #votes = new Map<string, Ballot>();
  readonly #firsts = new Map<string, string>();
  readonly #timeouts = new Map<string, Timeout>();

  constructor(committees: readonly Committee[]) {
    this.#committees = committees;
  }

  /** What is wrong with a vote that an honest member sends; it may send the same one again. */
  vote(id: string, vote: Vote, block: Block | undefined): string | undefined {
    const key = `${id}/${vote.epoch}`;
    const before = this.#votes.get(key);
    if (before?.hash === vote.blockHash) return undefined;
    if (before && compareRank(vote, before.rank) <= 0) return `${id} voted again at or below a rank`;
    this.#votes.set(key, { rank: vote, hash: vote.blockHash });
    const given = this.#timeouts.get(key);
    if (given && vote.view <= given.view) return `${id} voted in a view it gave up`;
    if (!block) return undefined;
    if (!this.#isJustified(block)) return `${id} voted for a block that may not be where it is`;
    if (!starts(block)) return undefined;
    const view = `${key}/${vote.view}`;
    if (this.#firsts.has(view)) return `${id} helped to start a view twice`;
    this.#firsts.set(view, vote.blockHash);
    return undefined;
  }

  timeout(id: string, timeout: Timeout): string | undefined {
    const key = `${id}/${timeout.epoch}`;
    const before = this.#timeouts.get(key);
    if (before && timeout.view < before.view) return `${id} gave up an earlier view later`;
    if (before && timeout.view === before.view && compareRank(timeout.highQc, before.highQc) !== 0)
      return `${id} reported two ranks for a view`;
    this.#timeouts.set(key, timeout);
    return undefined;
  }

  #isJustified(block: Block): boolean {
    const { tc, justify, view, height, epoch } = block;
    if (height !== justify.height + 1) return false;
    if (!starts(block)) return tc === undefined;
    if (view === 1) return justify.view === 0;
    const committee = this.#committees[epoch];
    if (!tc || !committee || tc.view !== view - 1 || !isTimeoutCertificate(testScheme, committee, tc))
      return false;
    return compareRank(justify, largestRank(tc)) >= 0;
  }
}
