import { expect } from "chai";
import { onSubmit } from "../../../coordinator/protocol/praft/bundles.ts";
import type { Effect } from "../../../coordinator/protocol/praft/effects.ts";
import { createNode } from "../../praft/node.ts";
import { bundlesOf } from "../../praft/workload.ts";
import { Cluster } from "./cluster.ts";
import { committeeWith } from "./fixtures.ts";

const node = () => createNode(committeeWith([1, 1, 1, 1]), 1, "member");

/** Codes with which bundles are refused. */
function refusals(limits: object, sequences: readonly number[]): string[] {
  const { state: s, env } = node();
  const out: Effect[] = [];
  const turn = { s, env: { ...env, limits: { ...env.limits, ...limits } }, now: 0, out };
  for (const n of sequences) onSubmit(turn, "client", bundlesOf(n)[0]!);
  return out.flatMap((effect) => (effect.kind === "refused" ? [effect.code] : []));
}

describe("praft bundle limits", () => {
  it("are refused by name when a client, all clients or their bytes are too many", () => {
    expect(refusals({}, [1, 2, 3])).to.deep.equal([]);
    expect(refusals({ maxPendingPerClient: 2 }, [1, 2, 3, 3])).to.deep.equal([
      "PRAFT_CLIENT_QUEUE",
      "PRAFT_CLIENT_QUEUE",
    ]);
    expect(refusals({ maxPendingPerClient: 2 }, [9])).to.deep.equal(["PRAFT_CLIENT_QUEUE"]);
    expect(refusals({ maxPending: 1 }, [1, 2])).to.deep.equal(["PRAFT_QUEUE_FULL"]);
    expect(refusals({ maxPendingBytes: 40 }, [1, 2])).to.deep.equal(["PRAFT_QUEUE_FULL"]);
    expect(refusals({ maxClients: 0 }, [1])).to.deep.equal(["PRAFT_CLIENTS_FULL"]);
  });

  it("leave room again once they are executed", () => {
    const cluster = new Cluster();
    cluster.submit(1, 50);
    for (const { state } of cluster.nodes) {
      expect(state.pendingBytes).to.equal(0);
      expect([state.pending.length, state.pendingOf.size, state.pendingByKey.size]).to.deep.equal([0, 0, 0]);
    }
  });

  it("of a client that left a gap before them cost nobody a view", () => {
    const cluster = new Cluster();
    cluster.submit(1, 1);
    cluster.submit(3, 3);
    for (let i = 0; i < 50; i++) cluster.wait(1_000);
    expect(cluster.nodes.map(({ state }) => state.view)).to.deep.equal([1, 1, 1, 1]);
  });
});
