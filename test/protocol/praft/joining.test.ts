import { expect } from "chai";
import { readyDigest } from "../../../coordinator/protocol/praft/statements.ts";
import { Cluster } from "./cluster.ts";
import { committeeOfMembers, keyOf, testScheme } from "./fixtures.ts";

const PATIENCE = 5_000;

/** Four members, and a fifth that the chain lets join in the place of the fourth. */
function renewed(): Cluster {
  const cluster = new Cluster(4, 1, { joinPatience: PATIENCE });
  cluster.away.add(4);
  cluster.submit(1, 3);
  return cluster;
}

function name(cluster: Cluster, members: readonly number[]): void {
  const config = committeeOfMembers(members, 1);
  for (const { index } of cluster.nodes)
    if (!cluster.away.has(index)) cluster.play(index, { kind: "reconfigure", now: cluster.now, config });
}

function membersOf(cluster: Cluster, i: number): string[] {
  const { committee } = cluster.nodes[i]!.state;
  return [String(committee.epoch), ...committee.members.map(({ id }) => id)];
}

describe("praft joining", () => {
  it("takes place at once if who joins is there, and brings it up to date", () => {
    const cluster = renewed();
    cluster.away.delete(4);
    name(cluster, [0, 1, 2, 4]);
    cluster.wait(500);
    cluster.wait(500);
    for (const i of [0, 1, 2, 4]) expect(membersOf(cluster, i)).to.deep.equal(["1", "m0", "m1", "m2", "m4"]);
    cluster.submit(4, 5);
    expect(cluster.nodes[4]!.state.app).to.deep.equal(cluster.nodes[0]!.state.app);
    expect(cluster.nodes[4]!.state.lastVote?.epoch).to.equal(1);
  });

  it("waits for who is not there, goes on meanwhile, and in the end does without", () => {
    const cluster = renewed();
    name(cluster, [0, 1, 2, 4]);
    for (let i = 0; i < 4; i++) cluster.wait(500);
    cluster.submit(4, 5);
    expect(membersOf(cluster, 0)).to.deep.equal(["0", "m0", "m1", "m2", "m3"]);
    expect(cluster.nodes[0]!.state.view).to.equal(1);
    for (let i = 0; i < 4; i++) cluster.wait(PATIENCE / 2);
    for (const i of [0, 1, 2]) expect(membersOf(cluster, i)).to.deep.equal(["1", "m0", "m1", "m2"]);
  });

  it("does not end an epoch that would change nothing", () => {
    const cluster = renewed();
    name(cluster, [0, 1, 2, 3, 4]);
    for (let i = 0; i < 8; i++) cluster.wait(PATIENCE);
    expect(membersOf(cluster, 0)).to.deep.equal(["0", "m0", "m1", "m2", "m3"]);
    expect(cluster.nodes[0]!.state.view).to.equal(1);
  });

  it("gets no vote for who did not say itself that it is there", () => {
    const cluster = renewed();
    const { state } = cluster.nodes[0]!;
    const stateRoot = state.roots.get(state.committed.height)!;
    const claim = { kind: "ready", epoch: 0, height: state.committed.height, stateRoot, id: "m4" } as const;
    const forged = testScheme.sign(keyOf(0), readyDigest(state.committee, claim.height, stateRoot));
    for (const node of cluster.nodes) node.state.ready.set("m4", { ...claim, signature: forged });
    name(cluster, [0, 1, 2, 4]);
    for (let i = 0; i < 4; i++) cluster.wait(500);
    expect(membersOf(cluster, 1)).to.deep.equal(["0", "m0", "m1", "m2", "m3"]);
    expect(
      cluster
        .sent(0)
        .concat(cluster.sent(1))
        .some((each) => each.kind === "outline" && each.nextConfig),
    ).to.equal(true);
  });
});
