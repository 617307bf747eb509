import { expect } from "chai";
import { type Seat, successorOf } from "../../../coordinator/protocol/decisions/succession.ts";
import { signingAddress } from "../../../coordinator/protocol/praft/address.ts";
import type { Config } from "../../../coordinator/protocol/praft/config.ts";

const known = [1, 2, 3, 4].map((i) => ({ id: `m${i}`, voteKey: new Uint8Array(48).fill(i) }));
const config = (weights: readonly number[]): Config => ({
  groupId: `0x${"77".repeat(32)}`,
  epoch: 5,
  members: known.flatMap((entry, i) => (weights[i] ? [{ ...entry, weight: weights[i] }] : [])),
});
const roster = (weights: readonly number[]): Seat[] =>
  known
    .map(({ voteKey }, i) => ({ key: signingAddress(voteKey), weight: BigInt(weights[i] ?? 0) * 10n ** 18n }))
    .reverse();
const weightsAfter = (before: readonly number[], after: readonly number[]) =>
  successorOf(config(before), roster(after), known)?.members.map(({ id, weight }) => `${id} ${weight}`);

describe("succession of committees", () => {
  it("follows who has a seat, and large changes of weight, in the order of the known", () => {
    expect(weightsAfter([1, 1, 1, 1], [1, 1, 0, 1])).to.deep.equal([
      "m1 1000000",
      "m2 1000000",
      "m4 1000000",
    ]);
    expect(weightsAfter([1, 1, 0, 1], [2, 2, 2, 2])?.length).to.equal(4);
    expect(weightsAfter([1, 1, 1, 1], [4, 2, 2, 2])).to.deep.equal([
      "m1 1000000",
      "m2 500000",
      "m3 500000",
      "m4 500000",
    ]);
    expect(successorOf(config([1, 1, 1]), roster([1, 1]), known)).to.include({ epoch: 6 });
  });

  it("stays while parts of the heaviest drift by a fifth at most", () => {
    expect(weightsAfter([1, 1, 1, 1], [9_000_000, 9_000_000, 9_000_000, 9_000_000])).to.equal(undefined);
    expect(weightsAfter([1_000_000, 500_000], [1_000, 600])).to.equal(undefined);
    expect(weightsAfter([1_000_000, 500_000], [1_000, 601])).to.deep.equal(["m1 1000000", "m2 601000"]);
    expect(weightsAfter([1_000_000, 500_000], [1_000, 400])).to.equal(undefined);
    expect(weightsAfter([1_000_000, 500_000], [1_000, 399])).to.have.length(2);
  });

  it("leaves the committee to itself when fewer than two are left, and passes over strangers", () => {
    expect(weightsAfter([1, 1, 1, 1], [1, 0, 0, 0])).to.equal(undefined);
    const strangers = [...roster([1, 1, 1, 1]), { key: `0x${"99".repeat(20)}` as const, weight: 10n ** 30n }];
    expect(successorOf(config([1, 1, 1, 1]), strangers, known)).to.equal(undefined);
  });
});
