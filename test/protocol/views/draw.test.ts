import { expect } from "chai";
import fc from "fast-check";
import { drawOrder, seedBlock, seedOfBlockHash } from "../../../coordinator/protocol/views/draw.ts";
import { EMPTY_VIEW } from "../../../coordinator/protocol/views/federation-view.ts";
import { foldEvents } from "../../../coordinator/protocol/views/fold.ts";
import { orderOf, rankOf } from "../../../coordinator/protocol/views/queries.ts";
import { address, twoRounds, WAD } from "./events.ts";

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
    for (const { miner, weight } of roster) {
      const share = first.get(miner)! / 4000 - Number(weight) / Number(10n * WAD);
      expect(Math.abs(share) < 0.03, miner).to.equal(true);
    }
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
    const view = foldEvents(EMPTY_VIEW, twoRounds().events);
    const record = view.rounds.get(2n)!;
    const order = orderOf(record)!;
    expect(rankOf(record.candidates[0]!, order)).to.equal(
      Math.min(order.indexOf(address(1)), order.indexOf(address(2))),
    );
    expect(orderOf(view.rounds.get(3n)!)).to.equal(null);
  });
});
