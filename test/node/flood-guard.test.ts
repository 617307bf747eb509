import { expect } from "chai";
import { FloodGuard } from "../../coordinator/node/flood-guard.ts";

describe("flood guard", () => {
  it("takes a peer's rate and what it saved up, and no more; others are not touched", () => {
    const reports: [string, number][] = [];
    const guard = new FloodGuard((peer, dropped) => reports.push([peer, dropped]), {
      frames: 10,
      bytes: 1_000,
    });
    const taken = (peer: string, now: number) =>
      Array.from({ length: 100 }, () => guard.admit(peer, 10, now)).filter(Boolean).length;
    expect(taken("a", 0)).to.equal(20);
    expect(taken("a", 500)).to.equal(5);
    expect(taken("b", 500)).to.equal(20);
    expect(taken("a", 100_000)).to.equal(20);
    expect(reports.map(([peer]) => peer)).to.deep.equal(["a", "b", "a"]);
  });

  it("counts bytes too, and takes a clock that goes back for one that stands", () => {
    const guard = new FloodGuard(() => {}, { frames: 1_000, bytes: 1_000 });
    expect(guard.admit("a", 2_000, 5_000)).to.equal(true);
    expect(guard.admit("a", 1, 5_000)).to.equal(false);
    expect(guard.admit("a", 1, 0)).to.equal(false);
    expect(guard.admit("a", 1, 1_000)).to.equal(true);
  });
});
