import { expect } from "chai";
import fc from "fast-check";
import { drawOrder, seedBlock, seedOfBlockHash } from "../../../coordinator/protocol/views/draw.ts";
import { EMPTY_VIEW, type FederationView } from "../../../coordinator/protocol/views/federation-view.ts";
import { foldEvents, forgetRounds } from "../../../coordinator/protocol/views/fold.ts";
import {
  bestRecentScore,
  clientTerms,
  deadlinesOf,
  isFinal,
  latestFinalSettlement,
  orderOf,
  participationBps,
  rankOf,
  tallyOf,
  tokenTotals,
  votesOn,
} from "../../../coordinator/protocol/views/queries.ts";
import {
  address,
  CONTENT,
  foundation,
  type History,
  opening,
  PARAMETERS,
  packedVote,
  WAD,
  word,
} from "./events.ts";

const fold = (history: History): FederationView => foldEvents(EMPTY_VIEW, history.events);

/** Settles a round with the votes of `voters` and opens the next one in the same transaction. */
function settlement(history: History, round: bigint, voters: readonly number[], score = 5000n): History {
  const finalAt = 10n * BigInt(history.events.length) + 1000n;
  history
    .add("SeedFrozen", { round, seed: 5n, seedBlock: 4n })
    .same("CandidatePosted", {
      round,
      candidate: word(900 + Number(round)),
      index: 0n,
      content: { ...CONTENT, validationScore: score },
      signers: [address(1), address(2)],
      signatures: [word(1), word(2), word(3), word(4)],
    })
    .add("VotesCounted", { round, votes: voters.map((n) => packedVote(n, 0, true)) })
    .same("MinersScored", {
      round,
      miners: voters.map(address),
      reputations: voters.map(() => (11n * WAD) / 10n),
      weights: voters.map(() => 1100n * WAD),
    })
    .same("RoundAgreed", {
      round,
      candidate: word(900 + Number(round)),
      settlement: round,
      modelRoot: CONTENT.modelRoot,
      modelCid: CONTENT.modelCid,
      payoutsRoot: CONTENT.payoutsRoot,
      payoutsTotal: CONTENT.payoutsTotal * round,
      ratioBps: 10_000n,
      participationBps: 10_000n,
      finalAt,
    })
    .same("PayoutRecorded", {
      settlement: round,
      round,
      root: word(5),
      total: CONTENT.payoutsTotal * round,
      finalAt,
    });
  return history.same("RoundOpened", {
    round: round + 1n,
    openingHash: word(51),
    baseRoot: CONTENT.modelRoot,
    baseCid: CONTENT.modelCid,
    parametersHash: word(7),
    members: 3n,
    updateTarget: 3n,
  });
}

const twoRounds = () =>
  settlement(settlement(opening(foundation(3), 1n, [1, 2, 3]), 1n, [1, 2, 3]), 2n, [1, 2]);

describe("federation view", () => {
  it("is the same however the events are cut into pieces", () => {
    const { events } = twoRounds();
    const whole = foldEvents(EMPTY_VIEW, events);
    fc.assert(
      fc.property(fc.array(fc.nat(events.length), { maxLength: 4 }), (cuts) => {
        const bounds = [0, ...cuts.sort((a, b) => a - b), events.length];
        const view = bounds
          .slice(1)
          .reduce((v, to, k) => foldEvents(v, events.slice(bounds[k], to)), EMPTY_VIEW);
        expect(view).to.deep.equal(whole);
      }),
    );
  });

  it("leaves the view it starts from as it was", () => {
    const { events } = twoRounds();
    const before = foldEvents(EMPTY_VIEW, events.slice(0, 8));
    const copy = structuredClone(before);
    foldEvents(before, events.slice(8));
    expect(before).to.deep.equal(copy);
  });

  it("gives a round its roster, deadlines and base at the opening", () => {
    const view = fold(twoRounds());
    const record = view.rounds.get(1n)!;
    expect(record.roster.map(({ miner, key }) => [miner, key])).to.deep.equal(
      [1, 2, 3].map((n) => [address(n), address(100 + n)]),
    );
    expect(record.activeWeight).to.equal(3000n * WAD);
    const openedAt = record.opened.time;
    const postedAt = record.candidates[0]!.posted.time;
    expect(deadlinesOf(record)).to.deep.equal({
      collectMinEnd: openedAt + 3,
      collectMaxEnd: openedAt + 20,
      proposeDeadline: openedAt + 30,
      lastSlotEnd: openedAt + 40,
      voteDeadline: postedAt + 10,
      graceEnd: postedAt + 15,
    });
    expect(record.baseSettlement).to.equal(0n);
    expect(view.rounds.get(2n)!).to.deep.include({ baseSettlement: 1n, payoutsTotal: 100n * WAD });
    // Weights of round 1 are those of its opening, though its settlement changed them.
    expect(view.rounds.get(2n)!.activeWeight).to.equal(3300n * WAD);
  });

  it("counts votes, weights and presence", () => {
    const view = fold(twoRounds());
    const record = view.rounds.get(2n)!;
    expect(votesOn(record, word(902)).map(({ miner, weight }) => [miner, weight])).to.deep.equal([
      [address(1), 1100n * WAD],
      [address(2), 1100n * WAD],
    ]);
    expect(tallyOf(record, record.candidates[0]!)).to.deep.include({
      outcome: "pending",
      ratioBps: 6666,
      yesMiners: 2,
    });
    expect(participationBps(record)).to.equal(6666);
    const absent = view.miners.get(address(3))!;
    expect(absent).to.deep.include({ voted: 1, missed: 1, lastVoted: 1n, weight: 1100n * WAD });
    // 1.1 − 0.05 for the missed ballot, though the contract writes it down later.
    expect(absent.reputation).to.equal((105n * WAD) / 100n);
    expect(absent.recorded.reputation).to.equal((11n * WAD) / 10n);
    expect(record.scores.map(({ miner, before }) => [miner, before])).to.deep.equal([
      [address(1), (11n * WAD) / 10n],
      [address(2), (11n * WAD) / 10n],
    ]);
  });

  it("attributes the opening to the settlement that made it", () => {
    const view = fold(twoRounds());
    const [first, second, third] = [1n, 2n, 3n].map((round) => view.rounds.get(round)!);
    expect(first!.transactions[0]).to.equal(first!.opened.transaction);
    expect(second!.opened.transaction).to.equal(first!.ended!.transaction);
    expect(second!.transactions).to.not.include(second!.opened.transaction);
    expect(third!.transactions).to.deep.equal([]);
  });

  it("goes back when a round is reverted", () => {
    const history = twoRounds()
      .add("PayoutsReverted", { settlement: 1n })
      .same("RoundReverted", { round: 2n, settlement: 1n, modelRoot: CONTENT.modelRoot })
      .same("RoundVoided", { round: 3n });
    const view = fold(history);
    expect([1n, 2n, 3n].map((round) => view.rounds.get(round)!.status)).to.deep.equal([
      "agreed",
      "reverted",
      "voided",
    ]);
    expect(view.latestSettlement).to.equal(1n);
    expect(tokenTotals(view).promised).to.equal(100n * WAD);
    expect(isFinal(view.rounds.get(2n)!, 1e9)).to.equal(false);
    expect(bestRecentScore(view, 4n)).to.equal(5000);
    const again = fold(opening(history, 4n));
    expect(again.rounds.get(4n)).to.deep.include({ baseSettlement: 1n, payoutsTotal: 100n * WAD });
  });

  it("knows what is final by block time", () => {
    const view = fold(twoRounds());
    const { finalAt } = view.settlements.get(1n)!;
    expect(latestFinalSettlement(view, finalAt - 1)).to.equal(undefined);
    expect(latestFinalSettlement(view, finalAt)!.settlement).to.equal(1n);
    expect(isFinal(view.rounds.get(1n)!, finalAt - 1)).to.equal(false);
    expect(isFinal(view.rounds.get(1n)!, finalAt)).to.equal(true);
    expect(isFinal(view.rounds.get(3n)!, 1e12)).to.equal(false);
  });

  it("looks eight round numbers back for the best score", () => {
    let history = opening(foundation(3), 1n, [1, 2, 3]);
    const scores = [5900n, 5000n, 5100n, 5100n, 5100n, 5100n, 5100n, 5100n, 5100n];
    for (const [k, score] of scores.entries()) history = settlement(history, BigInt(k + 1), [1, 2, 3], score);
    const view = fold(history);
    expect(bestRecentScore(view, 1n)).to.equal(null);
    expect(bestRecentScore(view, 9n)).to.equal(5900);
    expect(bestRecentScore(view, 10n)).to.equal(5100);
  });

  it("forgets old rounds and keeps what later ones need", () => {
    const { events } = twoRounds();
    const kept = forgetRounds(foldEvents(EMPTY_VIEW, events), 1);
    expect([...kept.rounds.keys()]).to.deep.equal([3n]);
    expect([...kept.settlements.keys()]).to.deep.equal([2n]);
    expect(kept.miners.size).to.equal(3);
    // An event of a forgotten round changes nothing.
    const late = twoRounds().add("VotesCounted", { round: 1n, votes: [] }).events.at(-1)!;
    expect(foldEvents(kept, [late]).rounds).to.deep.equal(kept.rounds);
  });

  it("keeps every client's terms by the round they count from", () => {
    const change = {
      client: address(9),
      key: address(109),
      sampleCap: 10n,
      active: true,
      fromRound: 1n,
      count: 1n,
    };
    const history = foundation(1)
      .add("ClientChanged", change)
      .add("ClientChanged", { ...change, sampleCap: 20n })
      .add("ClientChanged", { ...change, active: false, fromRound: 4n });
    const view = fold(history);
    expect(clientTerms(view, address(9), 0n)).to.equal(undefined);
    expect(clientTerms(view, address(9), 1n)).to.deep.include({ sampleCap: 20n, active: true });
    expect(clientTerms(view, address(9), 3n)!.active).to.equal(true);
    expect(clientTerms(view, address(9), 4n)!.active).to.equal(false);
    expect(view.clients.get(address(9))!.terms).to.have.length(2);
  });

  it("moves the last seat to where a miner left", () => {
    const history = opening(foundation(4), 1n, [1, 2, 3, 4])
      .add("ExitQueued", { miner: address(2), stake: 1000n * WAD })
      .add("UnbondingStarted", { miner: address(2), amount: 1000n * WAD, releaseAt: 99n })
      .same("MinerChanged", { miner: address(2), status: 6n, key: address(102), weight: 0n });
    const view = fold(history);
    expect(view.seats).to.deep.equal([1, 4, 3].map(address));
    expect(view.miners.get(address(2))).to.deep.include({
      status: "exited",
      stake: 0n,
      unbonding: 1000n * WAD,
      weight: 0n,
    });
    expect(tokenTotals(view)).to.deep.include({ staked: 3000n * WAD, unbonding: 1000n * WAD });
  });

  it("replaces a vote cast on chain, and sets late ones apart", () => {
    const cast = { round: 1n, candidate: word(901), miner: address(3), confidence: 10_000n, reasonIndex: 0n };
    const history = opening(foundation(3), 1n, [1, 2, 3])
      .add("VoteCast", { ...cast, support: false, reason: 3n })
      .add("VoteCast", { ...cast, support: true, reason: 0n });
    expect(
      fold(history)
        .rounds.get(1n)!
        .castVotes.map(({ support }) => support),
    ).to.deep.equal([true]);
    const late = fold(
      settlement(history, 1n, [1, 2]).add("VoteCast", { ...cast, support: true, reason: 0n }),
    );
    expect(late.rounds.get(1n)!.castVotes).to.have.length(1);
    expect(late.rounds.get(1n)!.lateVotes).to.have.length(1);
  });
});

describe("draw of proposers", () => {
  const roster = [1, 2, 3, 4].map((n) => ({ miner: address(n), key: address(n), weight: BigInt(n) * WAD }));

  it("is a permutation of those with weight", () => {
    fc.assert(
      fc.property(
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.array(fc.bigInt(0n, 10n ** 26n), { maxLength: 12 }),
        (seed, weights) => {
          const seats = weights.map((weight, n) => ({ miner: address(n), key: address(n), weight }));
          const order = drawOrder(seed, seats);
          const eligible = seats.filter(({ weight }) => weight > 0n).map(({ miner }) => miner);
          expect([...order].sort()).to.deep.equal(eligible.sort());
        },
      ),
    );
  });

  it("gives the first rank by weight", () => {
    const first = new Map<string, number>();
    for (let seed = 0n; seed < 4000n; seed++) {
      const [miner] = drawOrder(seed, roster);
      first.set(miner!, (first.get(miner!) ?? 0) + 1);
    }
    for (const { miner, weight } of roster)
      expect(first.get(miner)! / 4000).to.be.closeTo(Number(weight) / Number(10n * WAD), 0.03);
  });

  it("reads the seed from the low bits of the opening block's hash, moved on by 256 blocks", () => {
    expect(seedOfBlockHash(`0x${"ff".repeat(24)}0000000000000102`)).to.equal(0x102n);
    expect(seedBlock(100, 100)).to.equal(null);
    expect(seedBlock(100, 101)).to.equal(100);
    expect(seedBlock(100, 356)).to.equal(100);
    expect(seedBlock(100, 357)).to.equal(356);
    expect(seedBlock(100, 612)).to.equal(356);
    expect(seedBlock(100, 613)).to.equal(612);
  });

  it("ranks a candidate by its best signer", () => {
    const view = fold(twoRounds());
    const record = view.rounds.get(2n)!;
    const order = orderOf(record)!;
    expect(rankOf(record.candidates[0]!, order)).to.equal(
      Math.min(order.indexOf(address(1)), order.indexOf(address(2))),
    );
    expect(orderOf(view.rounds.get(3n)!)).to.equal(null);
    expect(PARAMETERS.quorumBps).to.equal(6700n);
  });
});
