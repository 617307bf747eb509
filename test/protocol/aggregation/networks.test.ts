import { expect } from "chai";
import fc from "fast-check";
import { sortingNetwork } from "../../../coordinator/protocol/aggregation/networks.ts";

function applied(values: readonly number[], from?: number, count?: number): number[] {
  const sorted = [...values];
  for (const [a, b] of sortingNetwork(values.length, from, count))
    if (sorted[b]! < sorted[a]!) [sorted[a], sorted[b]] = [sorted[b]!, sorted[a]!];
  return sorted;
}
const ascending = (values: readonly number[]) => [...values].sort((a, b) => a - b);

describe("sorting networks", () => {
  it("sort every sequence of zeros and ones up to 12 long, hence everything that long", () => {
    for (let n = 1; n <= 12; n++)
      for (let bits = 0; bits < 1 << n; bits++) {
        const values = Array.from({ length: n }, (_, k) => (bits >> k) & 1);
        const result = applied(values);
        if (result.some((value, k) => k > 0 && value < result[k - 1]!)) expect.fail(`${values}`);
      }
  });

  it("sort any number of values", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 130 }), (values) => {
        expect(applied(values)).to.deep.equal(ascending(values));
      }),
    );
  });

  it("put the wanted positions right with fewer comparators", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 3, maxLength: 60 }), (values) => {
        const middle = Math.floor(values.length / 2);
        expect(applied(values, middle, 1)[middle]).to.equal(ascending(values)[middle]);
      }),
    );
    expect(sortingNetwork(20)).to.have.length(97);
    expect(sortingNetwork(20, 9, 2).length).to.be.below(90);
  });
});
