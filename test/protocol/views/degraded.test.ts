import { expect } from "chai";
import { EMPTY_VIEW, type RoundStatus } from "../../../coordinator/protocol/views/federation-view.ts";
import { foldEvents, forgetRounds } from "../../../coordinator/protocol/views/fold.ts";
import { outcomeOf } from "../../../coordinator/protocol/views/outcomes.ts";
import { bestRecentScore, endEvent, isFinal } from "../../../coordinator/protocol/views/queries.ts";
import { address, CONTENT, foundation, type History, opening, settlement, word } from "./events.ts";

const cid = (round: bigint) => word(70 + Number(round));

/** The lone miner 1 posts, and its yes makes the round degraded. */
function degrade(history: History, round: bigint, score = 5_500n): History {
  return history
    .add("CandidatePosted", {
      round,
      candidate: word(900 + Number(round)),
      index: 0n,
      content: { ...CONTENT, modelCid: cid(round), validationScore: score },
      signers: [address(1)],
      signatures: [word(1), word(2)],
    })
    .add("RoundDegraded", {
      round,
      candidate: word(900 + Number(round)),
      miner: address(1),
      confidence: 8_000n,
    });
}

function fail(history: History, round: bigint, candidateCount = 0n): History {
  return history.add("RoundFailed", { round, candidateCount, participationBps: 0n, finalAt: 700n });
}

/** Round 1 agreed by two; 2 and 4 degraded, 3 failed between them; 5 open. */
function alone(): History {
  const history = settlement(opening(foundation(2), 1n, [1, 2]), 1n, [1, 2]);
  history.add("MinerChanged", { miner: address(2), status: 4n, key: address(102), weight: 0n });
  opening(history, 2n);
  opening(fail(opening(degrade(history, 2n), 3n), 3n), 4n);
  return opening(degrade(history, 4n), 5n);
}

const fold = (history: History) => foldEvents(EMPTY_VIEW, history.events);
const statuses = (history: History) =>
  [...fold(history).rounds.values()].map(({ status }): RoundStatus => status);

describe("degraded rounds in the view", () => {
  it("are the base of the next round, and change neither payouts nor settlement", () => {
    const view = fold(alone());
    expect(view.degraded).to.deep.equal([2n, 4n]);
    expect(view.latestSettlement).to.equal(1n);
    const open = view.rounds.get(5n)!;
    expect(open).to.deep.include({ standsOn: [2n, 4n], baseCid: cid(4n), baseSettlement: 1n });
    expect(open.payoutsRoot).to.equal(view.rounds.get(2n)!.payoutsRoot);
    expect(view.rounds.get(4n)).to.deep.include({
      baseCid: cid(2n),
      ratioBps: 8_000,
      ballot: null,
      settlement: null,
    });
    expect(endEvent(view.rounds.get(4n)!)).to.equal("RoundDegraded");
  });

  it("count as models made, unlike rounds that failed", () => {
    const { rounds } = fold(alone());
    expect([1n, 2n, 3n, 4n, 5n].map((round) => rounds.get(round)!.generation)).to.deep.equal([
      1n,
      2n,
      3n,
      3n,
      4n,
    ]);
  });

  it("are not final, nor is what failed after them, until they are ratified or void", () => {
    const history = alone();
    const final = (now: number) => [...fold(history).rounds.values()].map((record) => isFinal(record, now));
    expect(final(1e9)).to.deep.equal([true, false, false, false, false]);
    history
      .add("RoundRatified", { round: 2n, by: 5n, finalAt: 900n })
      .same("RoundRatified", { round: 4n, by: 5n, finalAt: 900n });
    expect(statuses(history).slice(1, 4)).to.deep.equal(["ratified", "failed", "ratified"]);
    expect(final(899).slice(1)).to.deep.equal([false, false, false, false]);
    expect(final(900).slice(1)).to.deep.equal([true, true, true, false]);
    expect(fold(history).degraded).to.deep.equal([]);
  });

  it("are void if the others do not confirm them", () => {
    const history = fail(alone(), 5n, 1n)
      .same("RoundVoided", { round: 2n })
      .same("RoundVoided", { round: 4n });
    const view = fold(history);
    expect(statuses(history).slice(1)).to.deep.equal(["voided", "failed", "voided", "failed"]);
    expect(outcomeOf(view.rounds.get(4n)!)!.reason).to.equal("NOT_RATIFIED");
    expect([3n, 5n].map((round) => isFinal(view.rounds.get(round)!, 700))).to.deep.equal([true, true]);
    // The next round starts from the agreed model again.
    const next = fold(opening(history, 6n)).rounds.get(6n)!;
    expect(next).to.deep.include({ standsOn: [], baseCid: CONTENT.modelCid, generation: 2n });
  });

  it("fall together when one is proven wrong", () => {
    const history = alone()
      .add("RoundReverted", { round: 4n, settlement: 1n, modelRoot: word(1) })
      .same("RoundVoided", { round: 2n })
      .same("RoundVoided", { round: 5n });
    const view = fold(history);
    expect(statuses(history).slice(1)).to.deep.equal(["voided", "failed", "reverted", "voided"]);
    expect(view.degraded).to.deep.equal([]);
    expect(outcomeOf(view.rounds.get(2n)!)!.reason).to.equal("EARLIER_ROUND_REVERTED");
    expect(endEvent(view.rounds.get(5n)!)).to.equal("RoundVoided");
  });

  it("are no bar for the round that may ratify them, and one for those after it", () => {
    const history = alone();
    expect(bestRecentScore(fold(history), 5n)).to.equal(5_000);
    history
      .add("RoundRatified", { round: 2n, by: 5n, finalAt: 9n })
      .same("RoundRatified", { round: 4n, by: 5n, finalAt: 9n });
    opening(history, 6n);
    // An auditor of round 5 sees the same as its voters saw.
    expect(bestRecentScore(fold(history), 5n)).to.equal(5_000);
    expect(bestRecentScore(fold(history), 6n)).to.equal(5_500);
  });

  it("are kept as long as the head stands on them", () => {
    const kept = [...forgetRounds(fold(alone()), 1).rounds.keys()];
    expect(kept).to.deep.equal([2n, 4n, 5n]);
  });
});
