import type { PostedCandidate } from "../ports/chain.ts";
import type { VoteMessage } from "../ports/transport.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { Vote } from "../protocol/round/messages.ts";
import type { Jobs } from "./jobs.ts";
import type { Judge, Verdict } from "./judge.ts";
import type { ResultRound } from "./results.ts";
import { minerOf, openRoundOf, type RoundWatch, type Snapshot, votersOf } from "./round-watch.ts";
import { isWithheldNo, type SigningRoom } from "./signing.ts";
import { timingsOf } from "./timings.ts";
import type { MinerDeps } from "./types.ts";
import type { VotePool } from "./vote-pool.ts";

const SEND_TIMEOUT_MS = 5_000;
/** How often a miner asks the others for votes it lacks, milliseconds. */
const PULL_EVERY_MS = 1_000;

/** Votes on candidates, tells the others, and learns theirs. */
export interface Voter {
  /** Judges and signs; a withheld no is looked at again and may become a yes. */
  vote(candidate: Hex, signal: AbortSignal): Promise<void>;
  /** Sends this miner's votes to whoever has not taken them yet, and asks for missing ones. */
  exchange(snapshot: Snapshot, jobs: Jobs): void;
  /** Candidates whose vote no other active miner has taken. */
  undelivered(snapshot: Snapshot): ReadonlySet<string>;
  castVote(candidate: Hex): Promise<void>;
  /** Recomputes the degraded rounds the open one builds on, before there is a candidate to vote on. */
  ratify(signal: AbortSignal): Promise<void>;
}

type VoterDeps = Pick<MinerDeps, "chain" | "transport" | "clock" | "logger" | "config"> & {
  readonly watch: RoundWatch;
  readonly judge: Judge;
  readonly signing: SigningRoom;
  readonly votes: VotePool;
};

export function createVoter(deps: VoterDeps): Voter {
  const { chain, clock, watch, signing, votes, config, transport } = deps;
  /** Signatures of votes that reached a miner: "signature:miner". Cleared with the round by {@link Voter.exchange}. */
  let delivered: { readonly opening: Hex; readonly to: Set<string> } | undefined;
  let pulledAt = 0;

  const deliveredIn = (opening: Hex): Set<string> => {
    if (!delivered || !sameHex(delivered.opening, opening)) delivered = { opening, to: new Set() };
    return delivered.to;
  };

  const ownVote = (view: ResultRound["view"], candidate: Hex): VoteMessage | undefined => {
    const signed = signing.signedVote(view, candidate);
    return signed && { miner: config.miner, vote: signed.message, signature: signed.signature };
  };

  /** How long to look for files before the first vote; a second look lasts until its data shows up. */
  const decide = async (
    round: ResultRound,
    posted: PostedCandidate,
    signal: AbortSignal,
  ): Promise<Verdict> => {
    const patience = new AbortController();
    const ended = new AbortController();
    const { withheldMs } = timingsOf(round.parameters, config.timings);
    const timer = clock.sleep(withheldMs, AbortSignal.any([signal, ended.signal])).then(
      () => patience.abort(new Error("nobody serves the file")),
      () => undefined,
    );
    const proposer = minerOf(await watch.fresh(), posted.signers[0]!);
    const hint = proposer ? { hint: proposer.endpoint } : {};
    try {
      for (;;) {
        const verdict = await deps.judge.judge(round, posted, { signal, patience: patience.signal, ...hint });
        const retry = isWithheldNo(verdict as Vote) && !patience.signal.aborted;
        if (!retry) return verdict;
        await clock.sleep(Math.min(500, withheldMs / 4), signal);
      }
    } finally {
      ended.abort();
      await timer;
    }
  };

  const deliver = async (view: ResultRound["view"], message: VoteMessage, to: Snapshot["miners"][number]) => {
    await transport.offerVote(to.endpoint, view.round, message, AbortSignal.timeout(SEND_TIMEOUT_MS));
    deliveredIn(view.openingHash).add(`${message.signature}:${to.miner}`);
  };

  const pull = async (snapshot: Snapshot): Promise<void> => {
    const view = openRoundOf(snapshot);
    const silent = others(snapshot, config.miner).filter(({ miner }) =>
      view.candidates.some(({ id }) => !votes.voteOf(view, miner, id)),
    );
    await Promise.allSettled(
      silent.map(async ({ endpoint }) => {
        const held = await transport.votes(endpoint, view.round, AbortSignal.timeout(SEND_TIMEOUT_MS));
        await Promise.allSettled(held.map((message) => votes.offer(view.round, message)));
      }),
    );
  };

  return {
    async vote(candidate, signal) {
      const snapshot = await watch.fresh();
      const view = openRoundOf(snapshot);
      const posted = view.candidates.find(({ id }) => sameHex(id, candidate));
      if (!posted) return;
      const round = { view, parameters: snapshot.parameters };
      const verdict = await decide(round, posted, signal);
      const { openingHash } = view;
      const vote: Vote = { round: view.round, openingHash, candidate: posted.id, ...verdict };
      const { message, signature } = await signing.vote(vote);
      votes.keep(view, { miner: config.miner, vote: message, signature });
      if (isWithheldNo(message))
        throw new QuorateError("VOTE_WITHHELD", `files of candidate ${candidate} are withheld`, {
          candidate,
        });
    },

    exchange(snapshot, jobs) {
      const view = openRoundOf(snapshot);
      for (const { id } of view.candidates) {
        const message = ownVote(view, id);
        if (!message) continue;
        votes.keep(view, message);
        for (const other of others(snapshot, config.miner))
          jobs.ensure(`deliver:${message.signature}:${other.miner}`, () => deliver(view, message, other));
      }
      if (view.candidates.length === 0 || clock.now() - pulledAt < PULL_EVERY_MS) return;
      pulledAt = clock.now();
      pull(snapshot).catch((cause) => deps.logger.debug({ cause: String(cause) }, "asking for votes failed"));
    },

    undelivered(snapshot) {
      const view = openRoundOf(snapshot);
      const to = deliveredIn(view.openingHash);
      const missing = view.candidates.filter(({ id }) => {
        const message = ownVote(view, id);
        const heard = others(snapshot, config.miner).some(({ miner }) =>
          to.has(`${message?.signature}:${miner}`),
        );
        return message && !heard;
      });
      return new Set(missing.map(({ id }) => id.toLowerCase()));
    },

    async ratify(signal) {
      const snapshot = await watch.fresh();
      const round = { view: openRoundOf(snapshot), parameters: snapshot.parameters };
      await deps.judge.ratify(round, { signal, patience: signal });
    },

    async castVote(candidate) {
      const { view } = await watch.fresh();
      const message = view && ownVote(view, candidate);
      if (!message) return;
      await chain.castVote(message);
      await watch.refresh();
    },
  };
}

function others(snapshot: Snapshot, self: Hex): Snapshot["miners"] {
  return votersOf(snapshot).filter(({ miner }) => !sameHex(miner, self));
}
