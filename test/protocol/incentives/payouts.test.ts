import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { expect } from "chai";
import fc from "fast-check";
import {
  cumulativeTable,
  payoutTree,
  roundPayouts,
} from "../../../coordinator/protocol/incentives/payouts.ts";
import { expectCode } from "../expect-code.ts";

const addresses = (count: number) =>
  Array.from({ length: count }, (_, i) => `0x${(i + 10).toString(16).padStart(40, "0")}`);
const [A, B, C] = addresses(3) as [string, string, string];
const sum = (values: readonly bigint[]) => values.reduce((a, b) => a + b, 0n);
const splits = fc.record({
  values: fc.array(fc.bigInt({ min: -1000n, max: 1000n }), { minLength: 1, maxLength: 10 }),
  budget: fc.oneof(fc.bigInt({ min: 0n, max: 50n }), fc.bigInt({ min: 0n, max: 10n ** 24n })),
});

describe("payouts of a round", () => {
  it("are the shares, what is left over going to the largest remainders", () => {
    // 100 · (1, 2, 4) / 7 = 14.29, 28.57, 57.14
    expect(roundPayouts([1n, 2n, 4n], [A, B, C], 100n)).to.deep.equal([14n, 29n, 57n]);
  });

  it("give equal remainders' last units to the lower addresses, however they are listed", () => {
    expect(roundPayouts([1n, 1n, 1n], [A, B, C], 100n)).to.deep.equal([34n, 33n, 33n]);
    expect(roundPayouts([1n, 1n, 1n], [C, B, A], 101n)).to.deep.equal([33n, 34n, 34n]);
    const [low, high] = [`0x${"0a".repeat(20)}`, `0x${"0B".repeat(20)}`];
    expect(roundPayouts([1n, 1n], [high, low], 1n)).to.deep.equal([0n, 1n]);
  });

  it("count negative values as nothing", () => {
    expect(roundPayouts([-5n, 1n, 3n], [A, B, C], 100n)).to.deep.equal([0n, 25n, 75n]);
  });

  it("pay nobody if no value is positive", () => {
    expect(roundPayouts([-5n, 0n], [A, B], 100n)).to.deep.equal([0n, 0n]);
    expect(roundPayouts([], [], 100n)).to.deep.equal([]);
  });

  it("sum exactly to the budget, each within one unit of its share", () => {
    fc.assert(
      fc.property(splits, ({ values, budget }) => {
        const payouts = roundPayouts(values, addresses(values.length), budget);
        const shares = values.map((value) => (value > 0n ? value : 0n));
        const all = sum(shares);
        expect(sum(payouts)).to.equal(all === 0n ? 0n : budget);
        payouts.forEach((payout, k) => {
          const difference = payout * all - budget * (shares[k] as bigint);
          expect(difference < all || all === 0n).to.equal(true);
          expect(difference > -all || all === 0n).to.equal(true);
          if (shares[k] === 0n) expect(payout).to.equal(0n);
        });
      }),
    );
  });

  it("follow the clients, not their order in the list", () => {
    fc.assert(
      fc.property(splits, ({ values, budget }) => {
        const clients = addresses(values.length);
        const reversed = roundPayouts([...values].reverse(), [...clients].reverse(), budget);
        expect(reversed.reverse()).to.deep.equal(roundPayouts(values, clients, budget));
      }),
    );
  });

  it("refuse input that can't be split", () => {
    expectCode("PAYOUT_INPUT", () => roundPayouts([1n], [A, B], 1n));
    expectCode("PAYOUT_INPUT", () => roundPayouts([1n, 1n], [A, A], 1n));
    expectCode("PAYOUT_INPUT", () =>
      roundPayouts([1n, 1n], [`0x${"ab".repeat(20)}`, `0x${"AB".repeat(20)}`], 1n),
    );
    expectCode("PAYOUT_INPUT", () => roundPayouts([1n], [A], -1n));
    expectCode("PAYOUT_INPUT", () => roundPayouts([1n], ["0x12"], 1n));
  });
});

describe("cumulative table", () => {
  it("adds rounds up, ascending by address, without rows of nothing", () => {
    const first = cumulativeTable(
      [],
      [
        { client: C, amount: 5n },
        { client: A, amount: 0n },
        { client: B, amount: 7n },
      ],
    );
    expect(first).to.deep.equal([
      { client: B, cumulative: 7n },
      { client: C, cumulative: 5n },
    ]);
    expect(
      cumulativeTable(first, [
        { client: A, amount: 1n },
        { client: C, amount: 2n },
      ]),
    ).to.deep.equal([
      { client: A, cumulative: 1n },
      { client: B, cumulative: 7n },
      { client: C, cumulative: 7n },
    ]);
  });

  it("knows a client whatever the case of its address", () => {
    const upper = `0x${"AB".repeat(20)}`;
    const table = cumulativeTable(
      [{ client: upper.toLowerCase(), cumulative: 1n }],
      [{ client: upper, amount: 2n }],
    );
    expect(table).to.deep.equal([{ client: upper.toLowerCase(), cumulative: 3n }]);
  });

  it("never falls", () => {
    expectCode("PAYOUT_INPUT", () => cumulativeTable([], [{ client: A, amount: -1n }]));
  });
});

describe("payout tree", () => {
  const table = [A, B, C].map((client, i) => ({ client, cumulative: BigInt(i + 1) * 10n ** 20n }));

  it("is OpenZeppelin's, with a proof for every row", () => {
    const { root, total, proof } = payoutTree(table);
    expect(total).to.equal(6n * 10n ** 20n);
    for (const { client, cumulative } of table) {
      const row = [client, `${cumulative}`];
      expect(StandardMerkleTree.verify(root, ["address", "uint256"], row, proof(client))).to.equal(true);
      const more = [client, `${cumulative + 1n}`];
      expect(StandardMerkleTree.verify(root, ["address", "uint256"], more, proof(client))).to.equal(false);
    }
  });

  it("has a root that stays the same in every version", () => {
    expect(payoutTree(table).root).to.equal(
      "0xb44f451b813de52465fec18911f650d358d08cc004f7fb0cf0463d4988f35334",
    );
    expect(payoutTree([...table].reverse()).root).to.equal(payoutTree(table).root);
  });

  it("of nobody has a root of zeros", () => {
    const { root, total, proof } = payoutTree([]);
    expect([root, total]).to.deep.equal([`0x${"00".repeat(32)}`, 0n]);
    expectCode("PAYOUT_UNKNOWN_CLIENT", () => proof(A));
  });

  it("has no proof for a stranger", () => {
    expectCode("PAYOUT_UNKNOWN_CLIENT", () => payoutTree(table).proof(`0x${"99".repeat(20)}`));
  });
});
