import type {
  ChainParameters,
  ChainReader,
  ChainWriter,
  ClientRecord,
  Federation,
  Head,
  MinerRecord,
  PostedCandidate,
  RoundStatus,
  RoundView,
  Sent,
} from "../../coordinator/ports/chain.ts";
import type { Clock } from "../../coordinator/ports/clock.ts";
import type { Recoverer } from "../../coordinator/ports/signer.ts";
import type { CandidateMessage, VoteMessage } from "../../coordinator/ports/transport.ts";
import { type Hex, sameHex, toHex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { lastSlotEnd, proposersDone, rankOf, slotOf } from "../../coordinator/protocol/round/duties.ts";
import { type Candidate, candidateId } from "../../coordinator/protocol/round/messages.ts";
import { tally, winner } from "../../coordinator/protocol/round/tally.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type FakeRound = Mutable<RoundView> & { votes: Map<string, VoteMessage> };

export const DEMO_PARAMETERS: ChainParameters = {
  collectMin: 3,
  collectMax: 20,
  proposeSlot: 10,
  voteWindow: 10,
  voteGrace: 5,
  challengeWindow: 15,
  answerTime: 10,
  minRoundInterval: 1,
  roundBudget: 1_000n,
};

export interface FakeChainOptions {
  readonly clock: Clock;
  readonly recoverer: Recoverer;
  readonly federation: Federation;
  readonly miners: MinerRecord[];
  readonly clients: ClientRecord[];
  readonly parameters?: Partial<ChainParameters>;
  /** Ranks of a round's miners; ascending by address if not given. */
  readonly order?: (round: bigint, miners: readonly Hex[]) => readonly Hex[];
}

/** A transaction the fake chain accepted or refused. */
export interface FakeTransaction {
  readonly from: Hex;
  readonly method: string;
  readonly round: bigint;
  readonly refused?: string;
}

/** RoundConsensus as far as a node sees it, in memory, with the rules that matter to a node. */
export class FakeChain {
  readonly options: FakeChainOptions;
  readonly parameters: ChainParameters;
  readonly rounds: FakeRound[] = [];
  readonly transactions: FakeTransaction[] = [];
  readonly claimed = new Map<string, bigint>();
  head: Head;
  block = 1;
  /** While true every call throws RPC_UNREACHABLE. */
  down = false;

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
    const read = async <T>(value: () => T): Promise<T> => {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.down) throw new QuorateError("RPC_UNREACHABLE", "the fake chain is down");
      return structuredClone(value());
    };
    const send = (method: string, act: () => void): Promise<Sent> =>
      read(() => {
        const round = this.current()?.round ?? 0n;
        try {
          act();
        } catch (error) {
          const refused = error instanceof QuorateError ? error.code : String(error);
          this.transactions.push({ from: account, method, round, refused });
          throw error;
        }
        this.block++;
        this.transactions.push({ from: account, method, round });
        return {
          hash: toHex(Uint8Array.of(this.block >> 8, this.block & 255)),
          gasUsed: 1n,
          block: this.block,
        };
      });
    const { options } = this;
    return {
      account,
      federation: () => read(() => options.federation),
      parameters: () => read(() => this.parameters),
      head: () => read(() => this.head),
      currentRound: () => read(() => this.viewOf(this.current())),
      round: (round) => read(() => this.viewOf(this.rounds[Number(round) - 1]) ?? unknown(round)),
      miners: () => read(() => options.miners),
      client: (client) => read(() => options.clients.find((record) => sameHex(record.client, client))),
      clients: () => read(() => options.clients),
      latestBlock: () => read(() => ({ number: this.block, hash: ZERO_HASH, timestamp: this.time() })),
      pendingTime: () => read(() => this.time()),
      claimed: (client) => read(() => this.claimed.get(client.toLowerCase()) ?? 0n),
      finalPayouts: () => read(() => this.finalPayouts()),
      openRound: () => send("openRound", () => this.openRound()),
      freezeSeed: () =>
        send("freezeSeed", () => {
          this.open().seedFrozen = true;
        }),
      propose: (candidate, signatures) => send("propose", () => this.propose(candidate, signatures)),
      castVote: (vote) => send("castVote", () => this.castVote(vote)),
      settle: (round, votes) => send("settle", () => this.settle(round, votes)),
      failRound: (round) => send("failRound", () => this.failRound(round)),
      claim: (client, cumulative) =>
        send("claim", () => void this.claimed.set(client.toLowerCase(), cumulative)),
    };
  }

  openRound(): void {
    if (this.current()?.status === "open") throw revert("RoundStillOpen");
    const { miners, clients, order } = this.options;
    const active = miners.filter((miner) => miner.active);
    if (active.length < 2) throw revert("NotEnoughMiners");
    const { collectMin, collectMax, proposeSlot } = this.parameters;
    const round = BigInt(this.rounds.length + 1);
    const now = this.time();
    const addresses = active.map(({ miner }) => miner);
    const lastAgreed = this.rounds.findLast((ended) => ended.status === "agreed");
    const won = lastAgreed && this.winnerOf(lastAgreed)?.candidate;
    const recent = this.rounds.filter((ended) => ended.status === "agreed" && round - ended.round <= 8n);
    const scores = recent.map((ended) => this.winnerOf(ended)!.candidate.validationScore);
    this.rounds.push({
      round,
      status: "open",
      openingHash: `0x${(0xabc000n + round).toString(16).padStart(64, "0")}`,
      baseRoot: this.head.modelRoot,
      baseCid: this.head.modelCid,
      openedAt: now,
      openedInBlock: this.block,
      collectMinUntil: now + collectMin,
      collectMaxUntil: now + collectMax,
      expectedUpdates: won?.updateCount ?? clients.filter(({ active: registered }) => registered).length,
      proposeUntil: now + collectMax + proposeSlot,
      proposeSlot,
      voteUntil: null,
      graceUntil: null,
      activeWeight: active.reduce((sum, { weight }) => sum + weight, 0n),
      order: order ? order(round, addresses) : [...addresses].sort(),
      seedFrozen: false,
      candidates: [],
      castVotes: [],
      payoutsRoot: won?.payoutsRoot ?? ZERO_HASH,
      payoutsTotal: won?.payoutsTotal ?? 0n,
      bestRecentScore: scores.length > 0 ? Math.max(...scores) : null,
      final: false,
      votes: new Map(),
    });
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
    const { candidate, support, confidence } = message.vote;
    view.castVotes = [...view.castVotes, { miner: message.miner, candidate, support, confidence }];
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
    const outcomes = this.outcomesOf(view, [...all.values()]);
    const agreed = outcomes.filter(({ outcome }) => outcome === "agreed");
    const lost = outcomes.length > 0 && outcomes.every(({ outcome }) => outcome === "disagreed");
    if (!(agreed.length > 0 || lost) || !proposersDone(view, this.time())) throw revert("Undecided");
    view.settledVoters = [...new Set([...all.values()].map(({ miner }) => miner))];
    view.votes = all;
    if (lost) {
      view.status = "failed";
      return;
    }
    const best = winner(outcomes)!;
    const better = outcomes.some(({ outcome, rank }) => outcome === "pending" && rank < best.rank);
    if (better && this.time() <= view.graceUntil!) throw revert("Undecided");
    view.status = "agreed";
    this.head = {
      round,
      modelRoot: best.posted.candidate.modelRoot,
      modelCid: best.posted.candidate.modelCid,
    };
    this.openRound();
  }

  failRound(round: bigint): void {
    const view = this.open();
    if (view.round !== round) throw revert("RoundNotOpen");
    const now = this.time();
    const over =
      view.candidates.length === 0
        ? now > lastSlotEnd(view)
        : view.graceUntil !== null && now > view.graceUntil;
    if (!over) throw revert("TooEarly");
    if (this.outcomesOf(view, [...view.votes.values()]).some(({ outcome }) => outcome === "agreed"))
      throw revert("Agreed");
    view.status = "failed";
  }

  statuses(): RoundStatus[] {
    return this.rounds.map(({ status }) => status);
  }

  winnerOf(view: FakeRound): PostedCandidate | undefined {
    return winner(this.outcomesOf(view, [...view.votes.values()]))?.posted;
  }

  private outcomesOf(view: FakeRound, votes: readonly VoteMessage[]) {
    const weightOf = (miner: Hex) => this.options.miners.find((m) => sameHex(m.miner, miner))?.weight ?? 0n;
    return view.candidates.map((posted) => ({
      posted,
      rank: posted.rank,
      ...tally({
        votes: votes
          .filter(({ vote }) => sameHex(vote.candidate, posted.id))
          .map(({ miner, vote }) => ({ miner, weight: weightOf(miner), ...vote })),
        signers: posted.signers.map((miner) => ({ miner, weight: weightOf(miner) })),
        activeWeight: view.activeWeight,
      }),
    }));
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

  private open(): FakeRound {
    const view = this.current();
    if (view?.status !== "open") throw revert("RoundNotOpen");
    return view;
  }

  private viewOf(view: FakeRound | undefined): RoundView | undefined {
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

  private finalPayouts() {
    const view = this.rounds.findLast((ended) => this.isFinal(ended));
    if (!view) return undefined;
    const { candidate } = this.winnerOf(view)!;
    return { round: view.round, root: candidate.payoutsRoot, manifestCid: candidate.manifestCid };
  }
}

function slotName({ miner, vote }: VoteMessage): string {
  return `${miner}:${vote.candidate}`.toLowerCase();
}

function unknown(round: bigint): never {
  throw new QuorateError("ROUND_UNKNOWN", `there is no round ${round}`, { round });
}

function revert(name: string): QuorateError {
  return new QuorateError(`CONTRACT_${name}`, `the fake contract reverted with ${name}`);
}
