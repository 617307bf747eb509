import { expect } from "chai";
import { fixture, SLOT, STAKE } from "./support/federation.ts";
import {
  agree,
  candidateMessage,
  content,
  order,
  propose,
  proposerSignature,
  sign,
} from "./support/round.ts";

const THREE = { stakes: [STAKE, STAKE, STAKE] };

describe("collect and propose", () => {
  it("accepts no proposal before collect's minimum, nor with few updates before its maximum", async () => {
    const f = await fixture();
    const drawn = await order(f);
    const c = content("x");
    const few = content("few", { updateCount: 2n });
    const info = await f.lens.roundInfo(1n);
    const sigs = async (x: typeof c) => [
      await proposerSignature(f, drawn[0]!, 0, x),
      await proposerSignature(f, drawn[1]!, 1, x),
    ];
    const [full, fewSigs] = [await sigs(c), await sigs(few)];
    await f.helpers.time.setNextBlockTimestamp(info.collectMinEnd - 1n);
    await expect(f.consensus.propose(1n, c, full))
      .to.be.revertedWithCustomError(f.consensus, "CollectNotOver")
      .withArgs(info.collectMinEnd, 3n, 3n);
    await f.helpers.time.setNextBlockTimestamp(info.collectMaxEnd - 1n);
    await expect(f.consensus.propose(1n, few, fewSigs))
      .to.be.revertedWithCustomError(f.consensus, "CollectNotOver")
      .withArgs(info.collectMaxEnd, 2n, 3n);
    await f.helpers.time.setNextBlockTimestamp(info.collectMaxEnd);
    await expect(f.consensus.propose(1n, few, fewSigs)).to.emit(f.consensus, "CandidatePosted");
  });

  it("ends collect early by the last agreed round's update count", async () => {
    const f = await fixture();
    await agree(f, content("x", { updateCount: 5n }));
    expect((await f.lens.roundInfo(2n)).updateTarget).to.equal(5n);
  });

  it("checks the ranges of the content", async () => {
    const f = await fixture();
    const range: [Parameters<typeof content>[1], string][] = [
      [{ updateCount: 0n }, "UpdateCountOutOfRange"],
      [{ updateCount: 1_025n, totalSamples: 2_000n }, "UpdateCountOutOfRange"],
      [{ totalSamples: 2n }, "SampleCountOutOfRange"],
      [{ totalSamples: 3n * 2n ** 32n + 1n }, "SampleCountOutOfRange"],
      [{ validationScore: 6_001n }, "ScoreOutOfRange"],
    ];
    for (const [over, error] of range) {
      await expect(propose(f, content("x", over))).to.be.revertedWithCustomError(f.consensus, error);
    }
    await propose(f, content("x", { updateCount: 1_024n, totalSamples: 1_024n, validationScore: 6_000n }));
  });

  it("accepts one signature, or those of ranks 0 and 1", async () => {
    const f = await fixture(THREE);
    const drawn = await order(f);
    const c = content("x");
    await f.helpers.time.increase(180);
    const sig = async (rank: number, by = rank) => proposerSignature(f, drawn[by]!, rank, c);
    const attempt = (...s: Awaited<ReturnType<typeof sig>>[]) => expect(f.consensus.propose(1n, c, s)).to.be;
    await attempt().revertedWithCustomError(f.consensus, "SignerCount");
    await attempt(await sig(0), await sig(1), await sig(2)).revertedWithCustomError(
      f.consensus,
      "SignerCount",
    );
    await attempt(await sig(1), await sig(0)).revertedWithCustomError(f.consensus, "BadRank");
    await attempt(await sig(0), await sig(0)).revertedWithCustomError(f.consensus, "BadRank");
    await attempt(await sig(0), await sig(2)).revertedWithCustomError(f.consensus, "BadRank");
    await attempt(await sig(3, 2)).revertedWithCustomError(f.consensus, "BadRank");
    await attempt(await sig(2)).revertedWithCustomError(f.consensus, "SlotNotOpen");
    await attempt(await sig(0, 1)).revertedWithCustomError(f.consensus, "NotProposer");
    await attempt(await sig(0), await sig(1, 2)).revertedWithCustomError(f.consensus, "NotProposer");
    await expect(f.consensus.propose(1n, c, [await sig(0)])).to.emit(f.consensus, "CandidatePosted");
    // The same content again by the other: one candidate, two signers, and no longer a sole proposer.
    const { voteDeadline } = await f.lens.roundInfo(1n);
    await expect(f.consensus.propose(1n, c, [await sig(1)])).to.emit(f.consensus, "CandidateCosigned");
    const [posted, ...others] = await f.lens.candidates(1n);
    expect(others.length).to.equal(0);
    expect([...posted!.signers]).to.deep.equal([drawn[0]!.address, drawn[1]!.address]);
    expect((await f.lens.roundInfo(1n)).voteDeadline).to.equal(voteDeadline);
    await attempt(await sig(1)).revertedWithCustomError(f.consensus, "AlreadySigned");
  });

  it("cosigning works for the second candidate and for the primary, too", async () => {
    const f = await fixture(THREE);
    const drawn = await order(f);
    await propose(f, content("by the secondary"), [1]);
    await expect(propose(f, content("by the secondary"), [0])).to.emit(f.consensus, "CandidateCosigned");
    expect((await f.lens.candidates(1n))[0]!.signerBits).to.equal(3n);
    expect((await f.lens.candidates(1n))[0]!.signers[0]).to.equal(drawn[0]!.address);
  });

  it("lets a proposer sign one candidate only: never more than two", async () => {
    const f = await fixture(THREE);
    await propose(f, content("a"), [0]);
    await propose(f, content("b"), [1]);
    for (const ranks of [[0], [1], [0, 1]]) {
      await expect(propose(f, content("c"), ranks)).to.be.revertedWithCustomError(
        f.consensus,
        "AlreadySigned",
      );
    }
    expect((await f.lens.candidates(1n)).length).to.equal(2);
  });

  it("gives each reserve its own slot, and only without a candidate", async () => {
    const f = await fixture({ stakes: [STAKE, STAKE, STAKE, STAKE] });
    const { proposeDeadline, lastSlotEnd } = await f.lens.roundInfo(1n);
    expect(lastSlotEnd).to.equal(proposeDeadline + 2n * SLOT);
    await f.helpers.time.increaseTo(proposeDeadline + 1n);
    const slotError = (ranks: number[]) =>
      expect(propose(f, content("r"), ranks)).to.be.revertedWithCustomError(f.consensus, "SlotNotOpen");
    await slotError([0]);
    await slotError([1]);
    await slotError([3]);
    await f.helpers.time.setNextBlockTimestamp(proposeDeadline + SLOT + 1n);
    await f.helpers.mine();
    await slotError([2]);
    await propose(f, content("r"), [3]);
    const [posted] = await f.lens.candidates(1n);
    expect([posted!.signerBits, [...posted!.signers]]).to.deep.equal([4n, [(await order(f))[3]!.address]]);
    await slotError([3]);
  });

  it("refuses a signature over another opening or base", async () => {
    const f = await fixture();
    const drawn = await order(f);
    const c = content("x");
    await f.helpers.time.increase(180);
    const message = await candidateMessage(f, c);
    for (const change of [
      { openingHash: `0x${"77".repeat(32)}` },
      { baseRoot: `0x${"77".repeat(32)}` },
      { round: 2n },
    ]) {
      const s = { rank: 0, ...(await sign(f, drawn[0]!, "Candidate", { ...message, ...change })) };
      await expect(f.consensus.propose(1n, c, [s])).to.be.revertedWithCustomError(f.consensus, "NotProposer");
    }
  });

  it("in a round that is not open reverts", async () => {
    const f = await fixture();
    const c = content("x");
    const sigs = [await proposerSignature(f, (await order(f))[0]!, 0, c)];
    for (const round of [0n, 2n, 7n]) {
      await expect(f.consensus.propose(round, c, sigs)).to.be.revertedWithCustomError(
        f.consensus,
        "RoundNotOpen",
      );
    }
    await agree(f, c);
    await expect(f.consensus.propose(1n, c, sigs)).to.be.revertedWithCustomError(f.consensus, "RoundNotOpen");
  });
});
