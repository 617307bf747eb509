import { expect } from "chai";
import fc from "fast-check";
import { EMPTY_VIEW, type FederationView } from "../../../coordinator/protocol/views/federation-view.ts";
import { foldEvents, forgetRounds } from "../../../coordinator/protocol/views/fold.ts";
import {
  bestRecentScore,
  clientTerms,
  deadlinesOf,
  isFinal,
  latestFinalSettlement,
  participationBps,
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
  settlement,
  twoRounds,
  WAD,
  word,
} from "./events.ts";

const fold = (history: History): FederationView => foldEvents(EMPTY_VIEW, history.events);

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
