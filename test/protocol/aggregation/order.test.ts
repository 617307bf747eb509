import { expect } from "chai";
import fc from "fast-check";
import { aggregate } from "../../../coordinator/protocol/aggregation/reference.ts";
import { createPrng, permutation } from "../../../coordinator/protocol/learning/prng.ts";
import { cases } from "./cases.ts";

describe("order of arrival", () => {
  it("never changes a byte: what a rule sees is sorted by address", () => {
    fc.assert(
      fc.property(cases, fc.string(), ({ rule, updates, context }, seed) => {
        const addressed = updates.map((update, address) => ({ ...update, address }));
        const arrived = [...permutation(updates.length, createPrng(seed))].map((k) => addressed[k]!);
        const sorted = arrived.toSorted((a, b) => a.address - b.address);
        const result = aggregate(rule, sorted, context);
        expect(result).to.deep.equal(aggregate(rule, updates, context));
        expect(aggregate(rule, sorted, context)).to.deep.equal(result);
      }),
    );
  });

  it("would not change an unweighted rule by coordinates in any order", () => {
    fc.assert(
      fc.property(cases, fc.string(), ({ rule, updates, context }, seed) => {
        if (!["median", "trimmed-mean", "meamed"].includes(rule.name) || rule.pre) return;
        const shuffled = [...permutation(updates.length, createPrng(seed))].map((k) => updates[k]!);
        expect(aggregate(rule, shuffled, context)).to.deep.equal(aggregate(rule, updates, context));
      }),
    );
  });
});
