import { expect } from "chai";
import { bundlesOf } from "../../praft/workload.ts";
import { Cluster } from "./cluster.ts";
import { testScheme } from "./fixtures.ts";

/** Member 3 missed blocks, is told none, and holds a proposal of bundles that it never got, or the empty one that commits them. */
function behind(empty: boolean): { cluster: Cluster; checks: () => number } {
  const cluster = new Cluster();
  let count = 0;
  const verify: typeof testScheme.verify = (...each) => {
    count++;
    return testScheme.verify(...each);
  };
  const node = cluster.nodes[3]!;
  cluster.nodes[3] = { ...node, env: { ...node.env, scheme: { ...testScheme, verify } } };
  cluster.away.add(3);
  cluster.submit(1, 3);
  cluster.away.clear();
  cluster.lose = (message, to) =>
    to === 3 &&
    (message.kind === "sync-reply" || (!empty && message.kind === "outline" && message.bundles.length === 0));
  for (let i = 0; i < 3; i++)
    for (const bundle of bundlesOf(4)) cluster.tell(i, "client", { kind: "submit", bundle });
  return { cluster, checks: () => count };
}

describe("a praft member that lags", () => {
  it("checks a proposal it cannot vote for yet once, whatever else comes", () => {
    const { cluster, checks } = behind(false);
    const held = cluster.nodes[3]!.state.held.at(-1)?.message;
    expect(held?.kind === "outline" && held.bundles.length).to.be.greaterThan(0);
    const before = checks();
    for (let i = 0; i < 50; i++) cluster.play(3, { kind: "tick", now: cluster.now });
    expect(checks()).to.equal(before);
  });

  it("votes for it when the blocks below have come", () => {
    const { cluster } = behind(true);
    const held = cluster.nodes[3]!.state.held.at(-1);
    cluster.lose = ({ kind }) => kind === "outline";
    cluster.wait(130);
    const votes = cluster.sent(3).filter((message) => message.kind === "vote");
    expect(votes.map(({ blockHash }) => blockHash)).to.include(held!.message.hash);
  });
});
