import { expect } from "chai";
import { BUDGET, fixture } from "./support/federation.ts";
import { agree, content, payoutTree } from "./support/round.ts";

describe("attacks on payouts", () => {
  async function settleWith(rows: [string, bigint][], total: bigint) {
    const f = await fixture();
    const tree = payoutTree(rows.map(([i, amount]) => [f.clients[Number(i)]!.address, amount]));
    await agree(f, content("1", { payoutsRoot: tree.root, payoutsTotal: total }));
    const proof = (i: number) => tree.getProof([f.clients[i]!.address, rows[i]![1]] as [string, bigint]);
    return { f, tree, proof };
  }

  it("a root that is not final pays nothing", async () => {
    const { f, proof } = await settleWith([["0", BUDGET]], BUDGET);
    const { finalAt } = await f.distributor.payout(1n);
    await f.helpers.time.setNextBlockTimestamp(finalAt - 1n);
    const claim = f.distributor.claim(1n, f.clients[0]!.address, BUDGET, proof(0));
    await expect(claim).to.be.revertedWithCustomError(f.distributor, "NotFinal").withArgs(1n, finalAt);
    await f.helpers.time.setNextBlockTimestamp(finalAt);
    await f.distributor.claim(1n, f.clients[0]!.address, BUDGET, proof(0));
  });

  it("a root pays at most its own total: leaves that promise more are refused", async () => {
    const { f, proof } = await settleWith(
      [
        ["0", BUDGET],
        ["1", BUDGET],
      ],
      BUDGET,
    );
    await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
    await f.distributor.claim(1n, f.clients[0]!.address, BUDGET, proof(0));
    const second = f.distributor.claim(1n, f.clients[1]!.address, BUDGET, proof(1));
    await expect(second)
      .to.be.revertedWithCustomError(f.distributor, "RootExhausted")
      .withArgs(1n, BUDGET, BUDGET);
    expect(await f.distributor.claimable(1n, f.clients[1]!.address, BUDGET)).to.equal(0n);
  });

  it("a leaf of 2^256 - 1 is refused without overflow", async () => {
    const { f, proof } = await settleWith(
      [
        ["0", 1n],
        ["1", 2n ** 256n - 1n],
      ],
      BUDGET,
    );
    await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
    await f.distributor.claim(1n, f.clients[0]!.address, 1n, proof(0));
    const huge = f.distributor.claim(1n, f.clients[1]!.address, 2n ** 256n - 1n, proof(1));
    await expect(huge).to.be.revertedWithCustomError(f.distributor, "RootExhausted");
  });

  it("claiming twice, with a wrong proof, or against an unknown settlement reverts", async () => {
    const { f, proof } = await settleWith(
      [
        ["0", BUDGET / 2n],
        ["1", BUDGET / 2n],
      ],
      BUDGET,
    );
    await f.helpers.time.increaseTo((await f.distributor.payout(1n)).finalAt);
    const [a, half] = [f.clients[0]!.address, BUDGET / 2n];
    expect(await f.distributor.claimable(1n, a, half)).to.equal(half);
    await f.distributor.claim(1n, a, half, proof(0));
    await expect(f.distributor.claim(1n, a, half, proof(0)))
      .to.be.revertedWithCustomError(f.distributor, "NothingToClaim")
      .withArgs(a, half);
    const wrong: [string, bigint, string[]][] = [
      [a, half + 1n, proof(0)],
      [f.stranger.address, half, proof(0)],
      [f.clients[1]!.address, half, []],
    ];
    for (const [account, amount, p] of wrong) {
      const claim = f.distributor.claim(1n, account, amount, p);
      await expect(claim).to.be.revertedWithCustomError(f.distributor, "BadProof");
    }
    for (const s of [0n, 2n, 8n]) {
      const claim = f.distributor.claim(s, a, half, proof(0));
      await expect(claim).to.be.revertedWithCustomError(f.distributor, "UnknownSettlement").withArgs(s);
    }
    expect(await f.distributor.latestFinal()).to.equal(1n);
  });

  it("an old root does not pay again what a newer one has paid", async () => {
    const f = await fixture();
    const account = f.clients[0]!.address;
    const [one, two] = [payoutTree([[account, BUDGET]]), payoutTree([[account, BUDGET * 2n]])];
    await agree(f, content("1", { payoutsRoot: one.root, payoutsTotal: BUDGET }));
    await agree(f, content("2", { payoutsRoot: two.root, payoutsTotal: BUDGET * 2n }));
    await f.helpers.time.increaseTo((await f.distributor.payout(2n)).finalAt);
    await f.distributor.claim(2n, account, BUDGET * 2n, two.getProof(0));
    const old = f.distributor.claim(1n, account, BUDGET, one.getProof(0));
    await expect(old).to.be.revertedWithCustomError(f.distributor, "NothingToClaim");
    expect(await f.token.balanceOf(account)).to.equal(BUDGET * 2n);
  });

  it("the record functions answer to the consensus only", async () => {
    const f = await fixture();
    const [d, m] = [f.distributor.connect(f.stranger), f.minerRegistry.connect(f.stranger)];
    const rule = { min: 1_000n, max: 20_000n, loss: 500n };
    const zero = `0x${"00".repeat(32)}`;
    await expect(d.record(1n, 1n, zero, 0n, 0n)).to.be.revertedWithCustomError(d, "OnlyConsensus");
    await expect(d.revertTo(0n, 1n)).to.be.revertedWithCustomError(d, "OnlyConsensus");
    await expect(m.beginRound(0n, 0n)).to.be.revertedWithCustomError(m, "OnlyConsensus");
    await expect(m.recordBallot(1n, 1n, [], rule)).to.be.revertedWithCustomError(m, "OnlyConsensus");
    await expect(m.provePresence(1n, f.miners[0]!.address, 1n, rule)).to.be.revertedWithCustomError(
      m,
      "OnlyConsensus",
    );
  });
});
