import { expect } from "chai";
import { currentLeader } from "../../../coordinator/protocol/praft/state.ts";
import { bundlesOf } from "../../praft/workload.ts";
import { Cluster } from "./cluster.ts";

describe("praft without as many members as may crash", () => {
  it("goes on after one timeout for each of them, though they lead one after the other", () => {
    const cluster = new Cluster(7);
    const { state, env } = cluster.nodes[0]!;
    for (const view of [1, 2]) cluster.away.add(currentLeader(state, view));
    const living = cluster.nodes.filter(({ index }) => !cluster.away.has(index));
    for (const { index } of living)
      cluster.tell(index, "client", { kind: "submit", bundle: bundlesOf(1)[0]! });
    while (living.some((node) => node.state.committed.height === 0) && cluster.now < 5_000) cluster.wait(10);
    // The second timeout is twice the first.
    expect(cluster.now).to.be.within(3 * env.limits.timeoutFloor, 3 * env.limits.timeoutFloor + 50);
  });
});
