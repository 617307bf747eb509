import { expect } from "chai";
import fc from "fast-check";
import { payoutRootOf } from "../../../coordinator/protocol/incentives/payout-root.ts";
import { payoutTree } from "../../../coordinator/protocol/incentives/payouts.ts";

describe("payout root of a proof", () => {
  it("is the table's for every row, and another one for another amount", () => {
    const table = fc
      .uniqueArray(fc.stringMatching(/^0x[0-9a-f]{40}$/), { minLength: 1, maxLength: 12 })
      .map((clients) => clients.sort().map((client, k) => ({ client, cumulative: BigInt(k + 1) })));
    fc.assert(
      fc.property(table, (rows) => {
        const tree = payoutTree(rows);
        for (const row of rows) {
          const proof = tree.proof(row.client);
          expect(payoutRootOf(row, proof)).to.equal(tree.root);
          expect(payoutRootOf({ ...row, cumulative: row.cumulative + 100n }, proof)).to.not.equal(tree.root);
        }
      }),
      { numRuns: 30 },
    );
  });
});
