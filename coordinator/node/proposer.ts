import type { RoundView } from "../ports/chain.ts";
import type { CandidateMessage } from "../ports/transport.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { type ProposerRole, rankOf } from "../protocol/round/duties.ts";
import { type Candidate, candidateId } from "../protocol/round/messages.ts";
import { within } from "./concurrency.ts";
import type { ManifestExchange } from "./manifest-exchange.ts";
import type { ResultRound, Results } from "./results.ts";
import { minerOf, newestOf, openRoundOf, type RoundWatch, roundName, type Snapshot } from "./round-watch.ts";
import type { SigningRoom } from "./signing.ts";
import { type NodeTimings, timingsOf } from "./timings.ts";
import type { Emit, MinerDeps } from "./types.ts";

const LOOK_AGAIN_MS = 50;

/** Makes this miner's candidate of a round and brings it on chain, with both signatures if the partner agrees. */
export interface Proposer {
  propose(role: ProposerRole, signal: AbortSignal): Promise<void>;
  /** The secondary's signed candidate, as the primary takes it. */
  offer(round: bigint, offer: CandidateMessage): Promise<void>;
}

type ProposerDeps = Pick<
  MinerDeps,
  "chain" | "transport" | "recoverer" | "clock" | "federation" | "logger" | "config" | "evidence"
> & {
  readonly watch: RoundWatch;
  readonly exchange: ManifestExchange;
  readonly results: Results;
  readonly signing: SigningRoom;
  readonly emit: Emit;
};

/** One proposal on its way. */
interface Attempt {
  readonly view: RoundView;
  readonly timings: NodeTimings;
  readonly signal: AbortSignal;
}

export function createProposer(deps: ProposerDeps): Proposer {
  const { chain, clock, watch, signing, config } = deps;
  let offered: { readonly round: string; readonly offer: CandidateMessage } | undefined;

  const post = async ({ view, signal }: Attempt, messages: readonly CandidateMessage[]): Promise<void> => {
    const { candidate } = messages[0]!;
    // Fewer updates than the last agreed round had: the contract wants the whole collecting time to pass.
    if (candidate.updateCount < view.expectedUpdates)
      while (watch.time() < newestOf(watch, view).collectMaxUntil) await clock.sleep(LOOK_AGAIN_MS, signal);
    if (watch.time() > newestOf(watch, view).proposeUntil && rankOf(view, config.miner)! < 2) return;
    const sent = await chain.propose(candidate, messages);
    deps.emit({
      kind: "posted",
      round: String(view.round),
      candidate: candidateId(candidate),
      signatures: messages.length,
      transaction: sent.hash,
    });
    await watch.refresh();
  };

  const partnerOffer = (view: RoundView) => (offered?.round === roundName(view) ? offered.offer : undefined);

  /** Waits for the partner's candidate; a different one, or none in time, leaves this miner alone. */
  const asPrimary = async (attempt: Attempt, own: CandidateMessage): Promise<void> => {
    const { view, signal } = attempt;
    const end = clock.now() + attempt.timings.partnerMs;
    while (!partnerOffer(view) && clock.now() < end && hasTime(view)) {
      const posted = openRoundOf(await watch.fresh()).candidates;
      if (isSigner(posted, view.order![1] ?? config.miner)) break;
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
    const offer = partnerOffer(view);
    const agrees = offer && sameHex(candidateId(offer.candidate), candidateId(own.candidate));
    await post(attempt, agrees ? [own, offer] : [own]);
  };

  /** False in the last part of the slot: from then on a transaction goes before a partner. */
  const hasTime = (view: RoundView) =>
    watch.time() < newestOf(watch, view).proposeUntil - view.proposeSlot / 4;

  const asSecondary = async (attempt: Attempt, own: CandidateMessage): Promise<void> => {
    const { view, signal, timings } = attempt;
    const id = candidateId(own.candidate);
    const primary = minerOf(await watch.fresh(), view.order![0]!);
    const end = clock.now() + timings.partnerMs;
    let taken = false;
    while (clock.now() < end && hasTime(view)) {
      const posted = openRoundOf(await watch.fresh()).candidates;
      if (isSigner(posted, config.miner)) return;
      // The primary has posted without this miner's signature: nothing left to wait for.
      if (primary && isSigner(posted, primary.miner)) break;
      if (primary && !taken) taken = await offerTo(primary.endpoint, attempt, own);
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
    deps.logger.info({ round: String(view.round), candidate: id, taken }, "posting without the primary");
    await post(attempt, [own]);
  };

  const offerTo = async (endpoint: string, { view, timings, signal }: Attempt, own: CandidateMessage) => {
    try {
      await within(clock, { milliseconds: timings.fetchMs, signal }, (limited) =>
        deps.transport.offerCandidate(endpoint, view.round, own, limited),
      );
      return true;
    } catch (error) {
      signal.throwIfAborted();
      deps.logger.debug({ endpoint, cause: String(error) }, "the primary did not take the candidate");
      return false;
    }
  };

  const makeCandidate = async (
    role: ProposerRole,
    round: ResultRound,
    attempt: Attempt,
  ): Promise<Candidate> => {
    const { view } = attempt;
    const before = signing.signedCandidate(view);
    if (before) return before.message;
    const { exchange } = deps;
    const updates =
      role === "primary"
        ? await exchange.asPrimary(view, attempt)
        : role === "secondary"
          ? await exchange.asSecondary(view, attempt)
          : await exchange.alone(view, attempt);
    const { candidate } = await deps.results.of(round, updates, attempt.signal);
    return candidate;
  };

  return {
    async propose(role, signal) {
      const snapshot = await watch.fresh();
      const view = openRoundOf(snapshot);
      const { parameters } = snapshot;
      const attempt: Attempt = { view, signal, timings: timingsOf(parameters, config.timings) };
      const candidate = await makeCandidate(role, { view, parameters }, attempt);
      signal.throwIfAborted();
      const { message, signature } = await signing.candidate(candidate);
      const own: CandidateMessage = { miner: config.miner, candidate: message, signature };
      deps.emit({ kind: "candidate", round: String(view.round), candidate: candidateId(message), role });
      if (role === "primary") await asPrimary(attempt, own);
      else if (role === "secondary") await asSecondary(attempt, own);
      else await post(attempt, [own]);
    },

    async offer(round, offer) {
      const snapshot = await watch.fresh((known) => known?.round === round);
      const view = openRoundOf(snapshot);
      const signer = checkOffer(deps, { snapshot, view, round, offer });
      const { candidate: message, signature } = offer;
      deps.evidence?.note({ signer, signed: { kind: "Candidate", message, signature } });
      offered = { round: roundName(view), offer };
    },
  };
}

function isSigner(candidates: RoundView["candidates"], miner: Hex): boolean {
  return candidates.some(({ signers }) => signers.some((signer) => sameHex(signer, miner)));
}

function checkOffer(
  deps: Pick<ProposerDeps, "recoverer" | "federation" | "config">,
  got: {
    readonly snapshot: Snapshot;
    readonly view: RoundView;
    readonly round: bigint;
    readonly offer: CandidateMessage;
  },
): Hex {
  const { view, round, offer } = got;
  const { candidate } = offer;
  if (round !== view.round || candidate.round !== round || !sameHex(candidate.openingHash, view.openingHash))
    throw new QuorateError("CANDIDATE_WRONG_ROUND", `the candidate is not of the open round ${view.round}`, {
      round: String(candidate.round),
      open: String(view.round),
    });
  if (rankOf(view, deps.config.miner) !== 0)
    throw new QuorateError("NOT_PRIMARY", `${deps.config.miner} is not the primary of round ${round}`, {
      round: String(round),
    });
  if (rankOf(view, offer.miner) !== 1)
    throw new QuorateError("CANDIDATE_STRANGER", `${offer.miner} is not the secondary of round ${round}`, {
      sender: offer.miner,
    });
  const { domain } = deps.federation.federation;
  const signer = deps.recoverer.recover(domain, "Candidate", candidate, offer.signature);
  const secondary = minerOf(got.snapshot, offer.miner);
  if (!secondary || !signer || !sameHex(signer, secondary.key))
    throw new QuorateError(
      "CANDIDATE_BAD_SIGNATURE",
      `the candidate is not signed by the voting key of ${offer.miner}`,
      { sender: offer.miner },
    );
  return signer;
}
