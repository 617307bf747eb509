import { expect } from "chai";
import { newestOf } from "../../coordinator/node/round-watch.ts";
import type { RoundView } from "../../coordinator/ports/chain.ts";

const view = (round: bigint, proposeUntil: number, openingHash = "0x01") =>
  ({ round, openingHash, proposeUntil }) as unknown as RoundView;
const watchWith = (latest: RoundView | undefined) => ({
  latest: () => latest && ({ view: latest } as never),
});

describe("the newest reading of a round", () => {
  it("has its deadlines as a pause moved them, and is of no other round", () => {
    const known = view(3n, 100);
    expect(newestOf(watchWith(view(3n, 160)), known).proposeUntil).to.equal(160);
    expect(newestOf(watchWith(view(4n, 160)), known)).to.equal(known);
    expect(newestOf(watchWith(view(3n, 160, "0x02")), known)).to.equal(known);
    expect(newestOf(watchWith(undefined), known)).to.equal(known);
  });
});
