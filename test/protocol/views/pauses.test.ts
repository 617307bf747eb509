import { expect } from "chai";
import { EMPTY_VIEW, type FederationView } from "../../../coordinator/protocol/views/federation-view.ts";
import { foldEvents } from "../../../coordinator/protocol/views/fold.ts";
import { deadlinesOf, isFinal, timeIn } from "../../../coordinator/protocol/views/queries.ts";
import { address, CONTENT, foundation, type History, opening, settlement, WAD, word } from "./events.ts";

const fold = (history: History): FederationView => foldEvents(EMPTY_VIEW, history.events);
const pause = (history: History) => history.add("FederationPaused", { by: address(9), until: 10_000n });

/** Ends the pause in the next block: ten seconds after the last event. */
function resume(history: History): History {
  const pausedAt = history.events.findLast(({ name }) => name === "FederationPaused")!.time;
  return history.add("FederationResumed", { by: address(9), pausedAt: BigInt(pausedAt), pausedTime: 0n });
}

function post(history: History, index: bigint): History {
  return history.add("CandidatePosted", {
    round: 1n,
    candidate: word(901 + Number(index)),
    index,
    content: CONTENT,
    signers: [address(1)],
    signatures: [word(1), word(2)],
  });
}

describe("federation view: pauses", () => {
  it("knows since when, and that time stands still", () => {
    const history = pause(opening(foundation(3), 1n, [1, 2, 3]));
    const since = history.events.at(-1)!.time;
    const view = fold(history);
    expect(view.pause).to.deep.equal({ since, until: 10_000 });
    expect([since - 5, since, since + 500].map((now) => timeIn(view, now))).to.deep.equal([
      since - 5,
      since,
      since,
    ]);
    const after = fold(resume(history));
    expect(after.pause).to.equal(null);
    expect(after.pauses).to.deep.equal([{ from: since, to: since + 10 }]);
    expect(timeIn(after, since + 500)).to.equal(since + 500);
  });

  it("moves everything in an open round, as often as it is paused", () => {
    const history = opening(foundation(3), 1n, [1, 2, 3]);
    const before = deadlinesOf(fold(history).rounds.get(1n)!);
    resume(pause(history));
    resume(pause(history));
    const record = fold(history).rounds.get(1n)!;
    const { collectMinEnd, collectMaxEnd, proposeDeadline, lastSlotEnd } = deadlinesOf(record);
    expect([collectMinEnd, collectMaxEnd, proposeDeadline, lastSlotEnd]).to.deep.equal(
      [before.collectMinEnd, before.collectMaxEnd, before.proposeDeadline, before.lastSlotEnd].map(
        (time) => time + 20,
      ),
    );
    expect(record.opened).to.deep.equal(fold(opening(foundation(3), 1n, [1, 2, 3])).rounds.get(1n)!.opened);
  });

  it("moves the vote window by the pauses since the last candidate", () => {
    const history = post(resume(pause(opening(foundation(3), 1n, [1, 2, 3]))), 0n);
    const deadline = () => deadlinesOf(fold(history).rounds.get(1n)!).voteDeadline;
    expect(deadline()).to.equal(history.events.at(-1)!.time + 10);
    const first = deadline()!;
    resume(pause(history));
    expect(deadline()).to.equal(first + 10);
    post(history, 1n);
    expect(deadline()).to.equal(history.events.at(-1)!.time + 10);
  });

  it("moves what was not over, and nothing that was", () => {
    const first = settlement(opening(foundation(3), 1n, [1, 2, 3]), 1n, [1, 2, 3]);
    const { finalAt } = fold(first).settlements.get(1n)!;
    const history = settlement(first, 2n, [1, 2, 3])
      .add("LeafRequested", {
        id: word(70),
        round: 2n,
        candidate: word(902),
        requester: address(8),
        index: 0n,
        leaf: 0n,
        modelRoot: word(1),
        dueAt: BigInt(finalAt),
        decidedBy: BigInt(finalAt + 5),
        bond: WAD,
      })
      .add("UnbondingStarted", { miner: address(3), amount: WAD, releaseAt: BigInt(finalAt) });
    const later = fold(resume(pause(history)));
    expect(later.settlements.get(1n)!.finalAt).to.equal(finalAt + 10);
    expect(later.rounds.get(1n)!.finalAt).to.equal(finalAt + 10);
    expect(isFinal(later.rounds.get(1n)!, finalAt + 9)).to.equal(false);
    expect(later.rounds.get(2n)!.requests[0]).to.deep.include({
      dueAt: finalAt + 10,
      decidedBy: finalAt + 15,
    });
    expect(later.miners.get(address(3))!.releaseAt).to.equal(finalAt + 10);
    // The vote window of round 1 was over when the pause came.
    expect(later.rounds.get(1n)!.votesHeld).to.equal(0);

    // Blocks follow each other by ten seconds: now all of that is long over.
    for (let time = history.events.at(-1)!.time; time < finalAt + 30; time += 10)
      history.add("AllowListRequired", { required: false });
    const still = fold(resume(pause(history)));
    for (const read of [
      (view: FederationView) => view.settlements.get(1n)!.finalAt,
      (view: FederationView) => view.rounds.get(1n)!.finalAt,
      (view: FederationView) => view.rounds.get(2n)!.requests[0]!.dueAt,
      (view: FederationView) => view.miners.get(address(3))!.releaseAt,
    ])
      expect(read(still)).to.equal(read(later));
  });

  it("lets what begins to unbond in a pause wait for its end", () => {
    const history = pause(opening(foundation(3), 1n, [1, 2, 3]));
    history.add("UnbondingStarted", { miner: address(3), amount: WAD, releaseAt: 900n });
    // In the pause's eleventh second it is due in 890 s; ten more pass until it ends.
    expect(fold(resume(history)).miners.get(address(3))!.releaseAt).to.equal(910);
  });
});
