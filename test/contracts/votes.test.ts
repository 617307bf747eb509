import { expect } from "chai";
import { type Federation, fixture, STAKE } from "./support/federation.ts";
import {
  content,
  type Opinion,
  order,
  propose,
  signerOf,
  sorted,
  type Vote,
  vote,
  voteIn,
} from "./support/round.ts";

const FAULT = {
  notAscending: 1n,
  unknownSeat: 2n,
  unknownCandidate: 3n,
  confidence: 4n,
  reason: 5n,
  signature: 6n,
  alreadyCast: 7n,
};
const THREE = { stakes: [STAKE, STAKE, STAKE] };

/** Invalid votes of miner 2; the others' votes stay valid. */
const INVALID: { name: string; fault: bigint; opinion?: Opinion; change?: (v: Vote) => Vote }[] = [
  { name: "an unknown candidate", fault: FAULT.unknownCandidate, opinion: { candidateIndex: 1 } },
  { name: "a yes below the minimum confidence", fault: FAULT.confidence, opinion: { confidence: 7_999 } },
  { name: "a yes above 10,000", fault: FAULT.confidence, opinion: { confidence: 10_001 } },
  { name: "a no below 10,000", fault: FAULT.confidence, opinion: { support: false, confidence: 9_999 } },
  { name: "a yes with a reason", fault: FAULT.reason, opinion: { reason: 4 } },
  { name: "a yes with a reason index", fault: FAULT.reason, opinion: { reasonIndex: 1n } },
  { name: "a no without a reason", fault: FAULT.reason, opinion: { support: false, reason: 0 } },
  { name: "a no with reason 6", fault: FAULT.reason, opinion: { support: false, reason: 6 } },
  { name: "a changed confidence", fault: FAULT.signature, change: (v) => ({ ...v, confidence: 9_000 }) },
  { name: "another seat's signature", fault: FAULT.signature, change: (v) => ({ ...v, seat: 1 }) },
  {
    name: "a garbled signature",
    fault: FAULT.signature,
    change: (v) => ({ ...v, r: `0x${"00".repeat(32)}` }),
  },
];

const by = async (f: Federation, seat: number, opinion: Opinion = {}) => {
  const seats = await f.minerRegistry.roster();
  return vote(f, signerOf(f, seats[seat]!.owner), opinion);
};

describe("an invalid vote in a settlement", () => {
  for (const { name, fault, opinion, change } of INVALID) {
    it(`is skipped with an event: ${name}`, async () => {
      const f = await fixture({ stakes: [STAKE, STAKE, STAKE, STAKE] });
      const c = content("x");
      await propose(f, c);
      const bad = await by(f, 2, opinion);
      const changed = change ? change(bad) : bad;
      const votes = sorted([await by(f, 0), await by(f, 1), await by(f, 3), changed]);
      const valid = changed.seat === 2;
      const position = votes.indexOf(changed);
      const settle = f.consensus.settle(1n, votes, c);
      // Two votes of one seat: the second is out of order, whichever is genuine.
      if (valid) await expect(settle).to.emit(f.consensus, "VoteSkipped").withArgs(1n, position, 2n, fault);
      else await expect(settle).to.emit(f.consensus, "VoteSkipped");
      await expect(settle).to.emit(f.consensus, "RoundAgreed");
      const info = await f.minerRegistry.minerInfo(f.miners[2]!.address);
      expect(info.absences).to.equal(1n);
    });
    it(`reverts when cast on chain: ${name}`, async () => {
      const f = await fixture(THREE);
      await propose(f, content("x"));
      const bad = await by(f, 2, opinion);
      const cast = f.consensus.castVote(1n, change ? change(bad) : bad);
      await expect(cast).to.be.revertedWithCustomError(f.consensus, "InvalidVote").withArgs(fault);
    });
  }

  it("a stranger's is skipped", async () => {
    const f = await fixture();
    const c = content("x");
    await propose(f, c);
    const stranger = await voteIn(f, 1n, f.stranger);
    const settle = f.consensus.settle(1n, [await by(f, 0), await by(f, 1), stranger], c);
    await expect(settle).to.emit(f.consensus, "VoteSkipped").withArgs(1n, 2n, 200n, FAULT.unknownSeat);
    await expect(f.consensus.castVote(2n, stranger)).to.be.revertedWithCustomError(
      f.consensus,
      "NoCandidate",
    );
  });

  it("a repeated one and one out of order are skipped", async () => {
    const f = await fixture(THREE);
    const c = content("x");
    await propose(f, c);
    const [a, b, last] = [await by(f, 0), await by(f, 1), await by(f, 2)];
    const settle = f.consensus.settle(1n, [a, a, last, b], c);
    await expect(settle).to.be.revertedWithCustomError(f.consensus, "Undecided");
    const again = f.consensus.settle(1n, [a, b, b, last], c);
    await expect(again).to.emit(f.consensus, "VoteSkipped").withArgs(1n, 2n, 1n, FAULT.notAscending);
  });
});

describe("castVote", () => {
  it("counts in the settlement, once", async () => {
    const f = await fixture();
    const c = content("x");
    await propose(f, c);
    const v = await by(f, 0);
    await expect(f.consensus.castVote(1n, v))
      .to.emit(f.consensus, "VoteCast")
      .withArgs(1n, (await f.lens.candidates(1n))[0]!.id, f.miners[0]!.address, true, 10_000n, 0n, 0n);
    await expect(f.consensus.castVote(1n, v))
      .to.be.revertedWithCustomError(f.consensus, "InvalidVote")
      .withArgs(FAULT.alreadyCast);
    expect((await f.lens.castVotes(1n)).map((x) => [x.miner, x.support])).to.deep.equal([
      [f.miners[0]!.address, true],
    ]);
    // The settler leaves it out: it counts all the same.
    await expect(f.consensus.settle(1n, [await by(f, 1)], c)).to.emit(f.consensus, "RoundAgreed");
    expect((await f.minerRegistry.minerInfo(f.miners[0]!.address)).absences).to.equal(0n);
  });

  it("cannot be overridden by another vote in the batch", async () => {
    const f = await fixture();
    const c = content("x");
    await propose(f, c);
    await f.consensus.castVote(1n, await by(f, 0, { support: false }));
    const settle = f.consensus.settle(1n, sorted([await by(f, 0), await by(f, 1)]), c);
    await expect(settle).to.emit(f.consensus, "VoteSkipped").withArgs(1n, 0n, 0n, FAULT.alreadyCast);
    await expect(settle).to.emit(f.consensus, "RoundFailed");
  });

  it("lets a withheld-no be replaced by a yes once, and nothing else", async () => {
    const f = await fixture();
    const c = content("x");
    await propose(f, c);
    const reasonIndex = (2n << 32n) | 7n;
    await f.consensus.castVote(1n, await by(f, 0, { support: false, reason: 3, reasonIndex }));
    const otherNo = f.consensus.castVote(1n, await by(f, 0, { support: false, reason: 4 }));
    await expect(otherNo)
      .to.be.revertedWithCustomError(f.consensus, "InvalidVote")
      .withArgs(FAULT.alreadyCast);
    await f.consensus.castVote(1n, await by(f, 0));
    const [now] = await f.lens.castVotes(1n);
    expect([now!.support, now!.replaced]).to.deep.equal([true, true]);
    const back = f.consensus.castVote(1n, await by(f, 0, { support: false, reason: 3, reasonIndex }));
    await expect(back).to.be.revertedWithCustomError(f.consensus, "InvalidVote").withArgs(FAULT.alreadyCast);
    expect((await f.lens.roundInfo(1n)).voteCount).to.equal(1n);
    await expect(f.consensus.settle(1n, [await by(f, 1)], c)).to.emit(f.consensus, "RoundAgreed");
  });

  it("is open until the end of grace", async () => {
    const f = await fixture();
    await propose(f, content("x"));
    const [first, second] = [await by(f, 0), await by(f, 1)];
    const { graceEnd } = await f.lens.roundInfo(1n);
    await f.helpers.time.setNextBlockTimestamp(graceEnd);
    await f.consensus.castVote(1n, first);
    await f.helpers.time.setNextBlockTimestamp(graceEnd + 1n);
    const late = f.consensus.castVote(1n, second);
    await expect(late).to.be.revertedWithCustomError(f.consensus, "VotingClosed").withArgs(graceEnd);
  });

  it("reverts in an unknown round, and without a candidate", async () => {
    const f = await fixture();
    const v = await by(f, 0);
    await expect(f.consensus.castVote(9n, v)).to.be.revertedWithCustomError(f.consensus, "UnknownRound");
    await expect(f.consensus.castVote(1n, v)).to.be.revertedWithCustomError(f.consensus, "NoCandidate");
  });
});

describe("presence after an early settlement", () => {
  const FOUR = { stakes: [STAKE, STAKE, STAKE, STAKE] };
  async function settledWithout(f: Federation) {
    const c = content("x");
    await propose(f, c);
    const drawn = await order(f);
    const late = await vote(f, drawn[3]!);
    const votes = [];
    for (const miner of drawn.slice(0, 3)) votes.push(await vote(f, miner));
    await f.consensus.settle(1n, sorted(votes), c);
    return { late, left: drawn[3]! };
  }

  it("can be proven until the vote deadline, once", async () => {
    const f = await fixture(FOUR);
    const { late, left } = await settledWithout(f);
    const before = await f.minerRegistry.minerInfo(left.address);
    expect([before.absences, before.reputation]).to.deep.equal([1n, 95n * 10n ** 16n]);
    await expect(f.consensus.castVote(1n, late)).to.emit(f.minerRegistry, "PresenceProven");
    const after = await f.minerRegistry.minerInfo(left.address);
    expect([after.absences, after.reputation]).to.deep.equal([0n, 10n ** 18n]);
    expect(after.weight).to.equal(before.weight);
    const again = f.consensus.castVote(1n, late);
    await expect(again).to.be.revertedWithCustomError(f.minerRegistry, "NothingToProve");
  });

  it("can still be proven when the next round has ended, too", async () => {
    const f = await fixture({ ...FOUR, parameters: { voteWindow: 36_000n } });
    const { late, left } = await settledWithout(f);
    const c = content("y");
    await propose(f, c);
    const votes = [];
    for (const miner of f.miners) votes.push(await vote(f, miner));
    await f.consensus.settle(2n, sorted(votes), c);
    expect((await f.minerRegistry.minerInfo(left.address)).absences).to.equal(2n);
    await f.consensus.castVote(1n, late);
    const info = await f.minerRegistry.minerInfo(left.address);
    expect(info.absences).to.equal(0n);
    // 1.0 - 0.05 (missed) + 0.1 (or 0 if drawn without signing: both signed here) + 0.05 back.
    expect(info.reputation).to.equal(11n * 10n ** 17n);
  });

  it("cannot be proven after the deadline", async () => {
    const f = await fixture(FOUR);
    const { late } = await settledWithout(f);
    const { voteDeadline } = await f.lens.roundInfo(1n);
    await f.helpers.time.setNextBlockTimestamp(voteDeadline + 1n);
    const cast = f.consensus.castVote(1n, late);
    await expect(cast).to.be.revertedWithCustomError(f.consensus, "VotingClosed").withArgs(voteDeadline);
  });

  it("does not help a present miner to more", async () => {
    const f = await fixture(FOUR);
    await settledWithout(f);
    const present = await voteIn(f, 1n, f.miners.find((m) => m !== undefined)!);
    const seats = await f.minerRegistry.roster();
    const info = await f.minerRegistry.minerInfo(seats[Number(present.seat)]!.owner);
    if (info.absences === 0n) {
      const cast = f.consensus.castVote(1n, present);
      await expect(cast).to.be.revertedWithCustomError(f.minerRegistry, "NothingToProve");
    }
  });

  it("an invalid late vote reverts", async () => {
    const f = await fixture(FOUR);
    const { late } = await settledWithout(f);
    const cast = f.consensus.castVote(1n, { ...late, confidence: 9_000 });
    await expect(cast).to.be.revertedWithCustomError(f.consensus, "InvalidVote").withArgs(FAULT.signature);
  });
});
