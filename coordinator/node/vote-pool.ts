import type { MinerRecord, PostedCandidate, RoundView } from "../ports/chain.ts";
import type { VoteMessage } from "../ports/transport.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { REASON, reasonName, structHash, type Vote } from "../protocol/round/messages.ts";
import { CONFIDENCE_FULL_BPS, CONFIDENCE_MODEL_ONLY_BPS } from "../protocol/round/quality.ts";
import { mayFollow, type Tally, tally, type WeighedVote } from "../protocol/round/tally.ts";
import { minerOf, openRoundOf, type RoundWatch, roundName, votersOf } from "./round-watch.ts";
import { isWithheldNo } from "./signing.ts";
import type { Emit, MinerDeps } from "./types.ts";

/** Rounds whose votes others may still ask for. */
const ROUNDS_HELD = 16;

/** Signed votes of the active miners, at most one each per candidate. */
export interface VotePool {
  /** Checks and keeps a vote. @throws QuorateError VOTE_* */
  offer(round: bigint, offer: VoteMessage): Promise<void>;
  /** Keeps a vote of this miner. */
  keep(view: RoundView, vote: VoteMessage): void;
  list(round: bigint): readonly VoteMessage[];
  /** Vote of a miner on a candidate, if known. */
  voteOf(view: RoundView, miner: Hex, candidate: Hex): VoteMessage | undefined;
  /** Judges a candidate by the votes known here and on chain. */
  tallyOf(view: RoundView, posted: PostedCandidate, miners: readonly MinerRecord[]): Tally;
}

type VotePoolDeps = Pick<MinerDeps, "recoverer" | "federation" | "metrics" | "evidence"> & {
  readonly watch: RoundWatch;
  readonly emit: Emit;
  readonly changed: () => void;
};

export function createVotePool(deps: VotePoolDeps): VotePool {
  const { watch } = deps;
  const rounds = new Map<string, Map<string, VoteMessage>>();

  const votesOf = (view: Pick<RoundView, "round" | "openingHash">): Map<string, VoteMessage> => {
    const name = roundName(view);
    const votes = rounds.get(name) ?? new Map();
    rounds.set(name, votes);
    if (rounds.size > ROUNDS_HELD) rounds.delete(rounds.keys().next().value!);
    return votes;
  };

  const voteOf = (view: RoundView, miner: Hex, candidate: Hex) =>
    rounds.get(roundName(view))?.get(slot(miner, candidate));

  const keep = (view: RoundView, message: VoteMessage): void => {
    const { vote, miner } = message;
    const before = voteOf(view, miner, vote.candidate);
    if (before && !differs(before.vote, vote)) return;
    const replaces = before && isWithheldNo(before.vote) && vote.support;
    // The replacement may arrive before what it replaces; the yes stays.
    if (before && !replaces && isWithheldNo(vote) && before.vote.support) return;
    if (before && !replaces)
      throw new QuorateError("VOTE_CONFLICT", `${miner} already sent another vote on ${vote.candidate}`, {
        miner,
        candidate: vote.candidate,
      });
    votesOf(view).set(slot(miner, vote.candidate), message);
    const { support, confidence, reason, candidate } = vote;
    deps.emit({
      kind: "vote",
      round: String(view.round),
      miner,
      candidate,
      support,
      confidence,
      reason: reasonName(reason),
    });
    deps.metrics?.vote(support, reason);
    deps.changed();
  };

  return {
    async offer(round, offer) {
      const { candidate } = offer.vote;
      const known = (view?: RoundView) => view?.candidates.some(({ id }) => sameHex(id, candidate)) ?? false;
      const snapshot = await watch.fresh(known);
      const view = openRoundOf(snapshot);
      checkVote(view, { round, offer, time: watch.time() });
      const voter = minerOf({ miners: votersOf(snapshot) }, offer.miner);
      const signer = checkVoter(deps, offer, voter);
      // Before it is kept: a vote that is refused because it contradicts another one is what proves it.
      deps.evidence?.note({
        signer,
        signed: { kind: "Vote", message: offer.vote, signature: offer.signature },
      });
      keep(view, offer);
    },
    keep,
    list: (round) =>
      [...rounds].flatMap(([name, votes]) => (name.startsWith(`${round}:`) ? [...votes.values()] : [])),
    voteOf,
    tallyOf(view, posted, miners) {
      const voters = votersOf({ miners });
      const votes = voters.flatMap(({ miner, weight }): WeighedVote[] => {
        const cast = castVoteOf(view, miner, posted.id);
        const sent = voteOf(view, miner, posted.id)?.vote;
        const known = cast && !(sent && mayFollow(cast, sent)) ? cast : sent;
        return known ? [{ miner, weight, support: known.support, confidence: known.confidence }] : [];
      });
      const signers = posted.signers.map((miner) => ({
        miner,
        weight: minerOf({ miners: voters }, miner)?.weight ?? 0n,
      }));
      const { activeWeight } = view;
      return tally({
        votes,
        signers,
        activeWeight,
        struck: posted.struck ?? false,
        voters: voters.length,
      });
    },
  };
}

function castVoteOf(view: RoundView, miner: Hex, candidate: Hex) {
  const cast = view.castVotes.find(
    (vote) => sameHex(vote.miner, miner) && sameHex(vote.candidate, candidate),
  );
  // Unknown confidence: the least the contract accepts, so that the tally never promises too much.
  return cast && { ...cast, confidence: cast.confidence ?? CONFIDENCE_MODEL_ONLY_BPS };
}

function checkVote(
  view: RoundView,
  got: { readonly round: bigint; readonly offer: VoteMessage; readonly time: number },
): void {
  const { vote } = got.offer;
  if (got.round !== view.round || vote.round !== view.round || !sameHex(vote.openingHash, view.openingHash))
    throw new QuorateError("VOTE_WRONG_ROUND", `the vote is not of the open round ${view.round}`, {
      round: String(vote.round),
      open: String(view.round),
    });
  if (!view.candidates.some(({ id }) => sameHex(id, vote.candidate)))
    throw new QuorateError(
      "VOTE_UNKNOWN_CANDIDATE",
      `round ${view.round} has no candidate ${vote.candidate}`,
      {
        candidate: vote.candidate,
      },
    );
  const least = vote.support ? CONFIDENCE_MODEL_ONLY_BPS : CONFIDENCE_FULL_BPS;
  if (vote.confidence < least || vote.confidence > CONFIDENCE_FULL_BPS)
    throw new QuorateError(
      "VOTE_CONFIDENCE",
      `a vote's confidence is ${least} to ${CONFIDENCE_FULL_BPS} basis points, this one's is ${vote.confidence}`,
      { confidence: vote.confidence },
    );
  const reasoned = vote.support
    ? vote.reason === REASON.none && vote.reasonIndex === 0n
    : vote.reason >= REASON.coordinate && vote.reason <= REASON.payouts;
  if (!reasoned)
    throw new QuorateError("VOTE_REASON", "a no names one of the five reasons, a yes names none", {
      support: vote.support,
      reason: vote.reason,
    });
  if (view.graceUntil !== null && got.time > view.graceUntil)
    throw new QuorateError("VOTE_CLOSED", `voting on round ${view.round} ended at ${view.graceUntil}`, {
      until: view.graceUntil,
      time: got.time,
    });
}

function checkVoter(
  deps: Pick<VotePoolDeps, "recoverer" | "federation">,
  offer: VoteMessage,
  voter: MinerRecord | undefined,
): Hex {
  if (!voter)
    throw new QuorateError("VOTE_STRANGER", `${offer.miner} is not an active miner of this round`, {
      miner: offer.miner,
    });
  const signer = deps.recoverer.recover(
    deps.federation.federation.domain,
    "Vote",
    offer.vote,
    offer.signature,
  );
  if (!signer || !sameHex(signer, voter.key))
    throw new QuorateError(
      "VOTE_BAD_SIGNATURE",
      `the vote is not signed by the voting key of ${offer.miner}`,
      { miner: offer.miner },
    );
  return signer;
}

function slot(miner: Hex, candidate: Hex): string {
  return `${miner}:${candidate}`.toLowerCase();
}

function differs(a: Vote, b: Vote): boolean {
  return structHash("Vote", a) !== structHash("Vote", b);
}
