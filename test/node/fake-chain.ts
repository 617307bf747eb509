import type {
  ChainParameters,
  ChainReader,
  ChainWriter,
  Head,
  MinerRecord,
  OpenLeafRequest,
  PostedCandidate,
  RoundStatus,
  RoundView,
} from "../../coordinator/ports/chain.ts";
import type { CandidateMessage, VoteMessage } from "../../coordinator/ports/transport.ts";
import { type Hex, sameHex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { lastSlotEnd, proposersDone, rankOf, slotOf } from "../../coordinator/protocol/round/duties.ts";
import { type Candidate, candidateId } from "../../coordinator/protocol/round/messages.ts";
import { winner } from "../../coordinator/protocol/round/tally.ts";
import type { Absentee } from "../../coordinator/protocol/views/attendance.ts";
import { accountOf } from "./fake-account.ts";
import {
  applyQueue,
  DEMO_PARAMETERS,
  type FakeChainOptions,
  type FakeRound,
  type FakeTransaction,
  givesWay,
  isLone,
  isReturning,
  type Mutable,
  newRound,
  outcomesOf,
  pastOf,
  revert,
  slotName,
  unknown,
  voidDegraded,
  waiting,
  winnerOf,
} from "./fake-state.ts";

/** RoundConsensus as far as a node sees it, in memory, with the rules that matter to a node. */
export class FakeChain {
  readonly options: FakeChainOptions;
  readonly parameters: ChainParameters;
  readonly rounds: FakeRound[] = [];
  readonly transactions: FakeTransaction[] = [];
  leafRequests: OpenLeafRequest[] = [];
  /** Openings shown, by request. */
  readonly answers = new Map<Hex, Hex>();
  readonly claimed = new Map<string, bigint>();
  head: Head;
  block = 1;
  /** What the next counting of absences finds. */
  absent: Absentee[] = [];
  /** While true every call throws RPC_UNREACHABLE. */
  down = false;

  pause: { since: number; until: number } | null = null;
  constructor(options: FakeChainOptions) {
    this.options = options;
    this.parameters = { ...DEMO_PARAMETERS, ...options.parameters };
    this.head = { round: 0n, modelRoot: options.federation.genesisRoot, modelCid: ZERO_HASH };
  }

  time(): number {
    return Math.floor(this.options.clock.now() / 1_000);
  }

  current(): FakeRound | undefined {
    return this.rounds.at(-1);
  }

  /** The chain as one account uses it. */
  as(account: Hex): ChainReader & ChainWriter {
    return accountOf(this, account);
  }

  openRound(): void {
    if (this.current()?.status === "open") throw revert("RoundStillOpen");
    const active = applyQueue(this.options.miners);
    if (active.length < (this.rounds.length === 0 ? 2 : 1)) throw revert("NotEnoughMiners");
    this.rounds.push(this.newRound(active));
  }

  propose(candidate: Candidate, signatures: readonly CandidateMessage[]): void {
    const view = this.open();
    const now = this.time();
    const same = candidate.round === view.round && sameHex(candidate.openingHash, view.openingHash);
    if (!same || !sameHex(candidate.baseRoot, view.baseRoot)) throw revert("WrongRound");
    const early = now < view.collectMinUntil;
    if (early || (now < view.collectMaxUntil && candidate.updateCount < view.expectedUpdates))
      throw revert("CollectNotOver");
    const id = candidateId(candidate);
    for (const { miner, signature } of signatures) {
      const rank = rankOf(view, miner) ?? 99;
      const { from, until } = slotOf(view, rank);
      if (now < from || now > until) throw revert("OutOfSlot");
      if (rank >= 2 && view.candidates.length > 0) throw revert("CandidatePosted");
      this.mustBe("Candidate", candidate, { miner, signature });
      if (view.candidates.some(({ signers }) => signers.some((signer) => sameHex(signer, miner))))
        throw revert("AlreadyProposed");
    }
    const miners = signatures.map(({ miner }) => miner);
    const rank = Math.min(...miners.map((miner) => rankOf(view, miner)!));
    const known = view.candidates.find((posted) => sameHex(posted.id, id)) as
      | Mutable<PostedCandidate>
      | undefined;
    if (known) {
      known.signers = [...known.signers, ...miners];
      known.rank = Math.min(known.rank, rank);
      return;
    }
    if (view.candidates.length >= 3) throw revert("TooManyCandidates");
    const index = view.candidates.length;
    const posted = { id, index, rank, signers: miners, candidate, transaction: ZERO_HASH, postedAt: now };
    view.candidates = [...view.candidates, posted];
    view.voteUntil = now + this.parameters.voteWindow;
    view.graceUntil = view.voteUntil + this.parameters.voteGrace;
  }

  castVote(message: VoteMessage): void {
    const view = this.rounds[Number(message.vote.round) - 1] ?? unknown(message.vote.round);
    if (view.graceUntil === null || this.time() > view.graceUntil) throw revert("VotingClosed");
    this.mustBe("Vote", message.vote, message);
    const { candidate, support, confidence, reason } = message.vote;
    view.castVotes = [...view.castVotes, { miner: message.miner, candidate, support, confidence, reason }];
    if (view.status === "open") view.votes.set(slotName(message), message);
  }

  settle(round: bigint, votes: readonly VoteMessage[]): void {
    const view = this.open();
    if (view.round !== round) throw revert("RoundNotOpen");
    const all = new Map(view.votes);
    for (const message of votes) {
      this.mustBe("Vote", message.vote, message);
      all.set(slotName(message), message);
    }
    const outcomes = outcomesOf(view, [...all.values()], this.options.miners);
    const agreed = outcomes.filter(({ outcome }) => outcome === "agreed" || outcome === "degraded");
    const lost = outcomes.length > 0 && outcomes.every(({ outcome }) => outcome === "disagreed");
    if (!(agreed.length > 0 || lost) || !proposersDone(view, this.time())) throw revert("Undecided");
    view.settledVoters = [...new Set([...all.values()].map(({ miner }) => miner))];
    view.votes = all;
    if (lost) {
      view.status = "failed";
      this.head = voidDegraded(this.rounds) ?? this.head;
      return;
    }
    const best = winner(outcomes)!;
    const alone = best.outcome === "degraded";
    if (alone && isReturning(this.options.miners)) throw revert("MinerReturns");
    const better = outcomes.some(({ outcome, rank }) => outcome === "pending" && rank < best.rank);
    if (better && this.time() <= view.graceUntil!) throw revert("Undecided");
    view.status = best.outcome === "degraded" ? "degraded" : "agreed";
    view.winner = best.posted.id;
    if (!alone) for (const earlier of waiting(this.rounds)) earlier.status = "ratified";
    this.head = {
      round,
      modelRoot: best.posted.candidate.modelRoot,
      modelCid: best.posted.candidate.modelCid,
    };
    this.openRound();
  }

  deactivate(miner: Hex): void {
    if (!this.absent.some((one) => sameHex(one.miner, miner))) throw revert("TooFewAbsences");
    this.absent = this.absent.filter((one) => !sameHex(one.miner, miner));
    this.change(miner, { active: false, activeNext: false, mayReturn: true });
  }

  reactivate(miner: Hex): void {
    if (!this.options.miners.find((one) => sameHex(one.miner, miner))?.mayReturn) throw revert("WrongStatus");
    this.change(miner, { active: true, activeNext: true, mayReturn: false });
  }

  private change(miner: Hex, change: Partial<MinerRecord>): void {
    const record = this.options.miners.find((one) => sameHex(one.miner, miner))!;
    Object.assign(record, change);
  }

  failRound(round: bigint): void {
    const view = this.open();
    if (view.round !== round) throw revert("RoundNotOpen");
    const now = this.time();
    const until = view.candidates.length === 0 ? lastSlotEnd(view) : view.graceUntil!;
    if (now <= until && !givesWay(this.options.miners)) throw revert("TooEarly");
    const outcomes = outcomesOf(view, [...view.votes.values()], this.options.miners);
    if (outcomes.some(({ outcome }) => outcome === "agreed")) throw revert("Agreed");
    view.status = "failed";
    if (view.candidates.length > 0 && !isLone(this.options.miners))
      this.head = voidDegraded(this.rounds) ?? this.head;
  }

  statuses(): RoundStatus[] {
    return this.rounds.map(({ status }) => status);
  }

  private newRound(active: readonly MinerRecord[]): FakeRound {
    const number = BigInt(this.rounds.length + 1);
    const addresses = active.map(({ miner }) => miner);
    return newRound({
      round: number,
      now: this.time(),
      block: this.block,
      head: this.head,
      parameters: this.parameters,
      order: this.options.order?.(number, addresses) ?? [...addresses].sort(),
      activeWeight: active.reduce((sum, { weight }) => sum + weight, 0n),
      clients: this.options.clients.filter((record) => record.active).length,
      ...pastOf(this.rounds, number),
    });
  }

  private mustBe(
    kind: "Vote" | "Candidate",
    message: never | Candidate | VoteMessage["vote"],
    by: { readonly miner: Hex; readonly signature: Hex },
  ): void {
    const { recoverer, federation, miners } = this.options;
    const signer = recoverer.recover(federation.domain, kind, message as never, by.signature);
    const record = miners.find(({ miner }) => sameHex(miner, by.miner));
    if (!signer || !record || !sameHex(signer, record.key)) throw revert("BadSignature");
  }

  /** The open round, or a revert. */
  open(): FakeRound {
    const view = this.current();
    if (view?.status !== "open") throw revert("RoundNotOpen");
    return view;
  }

  viewOf(view: FakeRound | undefined): RoundView | undefined {
    if (!view) return undefined;
    const { votes, ...rest } = view;
    return { ...rest, final: this.isFinal(view) };
  }

  private isFinal(view: FakeRound): boolean {
    const ended = this.rounds[Number(view.round)]?.openedAt;
    return (
      view.status === "agreed" && ended !== undefined && this.time() > ended + this.parameters.challengeWindow
    );
  }

  finalPayouts() {
    const view = this.rounds.findLast((ended) => this.isFinal(ended));
    if (!view) return undefined;
    const { candidate } = winnerOf(view)!;
    return { round: view.round, root: candidate.payoutsRoot, manifestCid: candidate.manifestCid };
  }
}
