import { expect } from "chai";
import { deployFederation, fixture, ONE, STAKE } from "./support/federation.ts";
import { content, order, propose, signerOf, sorted, vote } from "./support/round.ts";

const THREE = { stakes: [STAKE, STAKE, STAKE] };

describe("reputation", () => {
  const WAD = (hundredths: bigint) => (hundredths * ONE) / 100n;

  it("steps by vote, signature and presence", async () => {
    const f = await fixture({ stakes: [STAKE, STAKE, STAKE, STAKE, STAKE] });
    const drawn = await order(f);
    const c = content("x");
    await propose(f, c);
    // The last in order votes no on what is agreed.
    const votes = await Promise.all(drawn.slice(0, 4).map((m) => vote(f, m)));
    votes.push(await vote(f, drawn[4]!, { support: false }));
    await f.consensus.settle(1n, sorted(votes), c);
    const after = await Promise.all(drawn.map((m) => f.minerRegistry.minerInfo(m.address)));
    expect(after.map((i) => i.reputation)).to.deep.equal([110n, 110n, 110n, 110n, 95n].map(WAD));
    expect(after.map((i) => i.weight)).to.deep.equal(
      [110n, 110n, 110n, 110n, 95n].map((h) => WAD(h) * 1_000n),
    );
  });

  it("is not raised for a drawn proposer that did not sign, lowered for signing or supporting a rejected one", async () => {
    const f = await fixture({ stakes: [STAKE, STAKE, STAKE, STAKE, STAKE, STAKE, STAKE] });
    const drawn = await order(f);
    const wrong = content("wrong");
    const right = content("right");
    await propose(f, wrong, [0]);
    await propose(f, right, [1]);
    const votes = [];
    for (const [i, m] of drawn.entries()) {
      if (i === 6) continue;
      // Rank 0 and rank 5 support the wrong one; everybody else judges right.
      const supports = i === 0 || i === 5;
      votes.push(await vote(f, m, { candidateIndex: 0, support: supports }));
      if (i !== 0) votes.push(await vote(f, m, { candidateIndex: 1 }));
    }
    await f.consensus.settle(1n, sorted(votes), right);
    const after = await Promise.all(drawn.map((m) => f.minerRegistry.minerInfo(m.address)));
    expect(after.map((i) => i.reputation)).to.deep.equal([95n, 110n, 110n, 110n, 110n, 95n, 95n].map(WAD));
  });

  it("stays for a silent secondary that votes", async () => {
    const f = await fixture(THREE);
    const drawn = await order(f);
    const c = content("x");
    await propose(f, c, [0]);
    await f.helpers.time.increaseTo((await f.lens.roundInfo(1n)).proposeDeadline + 1n);
    const votes = await Promise.all(drawn.map((m) => vote(f, m)));
    await f.consensus.settle(1n, sorted(votes), c);
    const after = await Promise.all(drawn.map((m) => f.minerRegistry.minerInfo(m.address)));
    expect(after.map((i) => i.reputation)).to.deep.equal([110n, 100n, 110n].map(WAD));
  });

  it("stays within 0.1 and 2.0", async () => {
    const f = await deployFederation({
      stakes: [STAKE, STAKE, STAKE, STAKE],
      parameters: { reputationGain: 5_000n, reputationLoss: 5_000n },
    });
    const target = f.miners[3]!.address;
    for (let r = 1; r <= 3; ++r) {
      const c = content(`${r}`);
      await propose(f, c);
      const seats = await f.minerRegistry.roster();
      const votes = [];
      for (const s of seats) votes.push(await vote(f, signerOf(f, s.owner), { support: s.owner !== target }));
      await f.consensus.settle(BigInt(r), sorted(votes), c);
    }
    const info = await f.minerRegistry.minerInfo(target);
    expect(info.reputation).to.equal(ONE / 10n);
    expect((await f.minerRegistry.minerInfo(f.miners[0]!.address)).reputation <= 2n * ONE).to.equal(true);
    expect(info.weight).to.equal(STAKE / 10n);
  });
});
