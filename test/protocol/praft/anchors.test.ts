import { expect } from "chai";
import { ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import type { Anchor } from "../../../coordinator/protocol/praft/types.ts";
import { Cluster } from "./cluster.ts";
import { committeeOfMembers, hashOf } from "./fixtures.ts";

/** Four members that went some way; the last was away. */
function ahead(): Cluster {
  const cluster = new Cluster();
  cluster.away.add(3);
  cluster.submit(1, 5);
  return cluster;
}

function anchorAt(cluster: Cluster, height: number, change: Partial<Anchor["content"]> = {}): Anchor {
  const { history, historyFrom, committee } = cluster.nodes[0]!.state;
  const blockHash = history[height - historyFrom - 1]?.hash ?? ZERO_HASH;
  const roots = { stateRoot: ZERO_HASH, decisionsRoot: ZERO_HASH, nextConfigHash: ZERO_HASH };
  return { content: { epoch: 0, height, blockHash, ...roots, ...change }, configHash: committee.hash };
}

/** The code with which a member that was away stops, once it is told of an anchor and hears the others again. */
function stopOfLate(anchor: (cluster: Cluster) => Anchor): string | undefined {
  const cluster = ahead();
  cluster.play(3, { kind: "anchored", now: cluster.now, anchor: anchor(cluster) });
  cluster.away.clear();
  cluster.submit(6, 6);
  for (let i = 0; i < 4; i++) cluster.wait(1_000);
  const stop = cluster.effects[3]!.find((effect) => effect.kind === "fork");
  expect(cluster.nodes[3]!.state.halted).to.equal(stop !== undefined);
  return stop?.code;
}

describe("praft anchors", () => {
  it("are no hindrance to the history that holds them", () => {
    expect(stopOfLate((cluster) => anchorAt(cluster, 4))).to.equal(undefined);
  });

  it("stop a replica whose history has another block, another committee, or is past them too early", () => {
    const wrong = [
      (cluster: Cluster) => anchorAt(cluster, 4, { blockHash: hashOf("another") }),
      (cluster: Cluster) => ({ ...anchorAt(cluster, 4), configHash: committeeOfMembers([5, 6], 0).hash }),
      (cluster: Cluster) => anchorAt(cluster, 4, { epoch: 1 }),
    ];
    for (const anchor of wrong) expect(stopOfLate(anchor)).to.equal("PRAFT_ANCHOR");
  });

  it("stop a replica that is past them already", () => {
    const cluster = ahead();
    cluster.play(0, { kind: "anchored", now: 0, anchor: anchorAt(cluster, 4) });
    expect(cluster.nodes[0]!.state.halted).to.equal(false);
    const anchor = anchorAt(cluster, 5, { blockHash: hashOf("another") });
    cluster.play(0, { kind: "anchored", now: 0, anchor });
    expect(cluster.nodes[0]!.state.halted).to.equal(true);
  });
});
