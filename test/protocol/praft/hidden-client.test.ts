import { expect } from "chai";
import type { Vote } from "../../../coordinator/protocol/praft/messages.ts";
import type { Bundle } from "../../../coordinator/protocol/praft/types.ts";
import { bundlesOf } from "../../praft/workload.ts";
import { Cluster } from "./cluster.ts";

/** Time that passes between two bundles, well below a timeout. */
const STEP = 50;

/** One bundle to all members but, if it is kept from one, that one. */
function submit(cluster: Cluster, bundle: Bundle, hidden?: number): void {
  for (let i = 0; i < 4; i++) if (i !== hidden) cluster.tell(i, "client", { kind: "submit", bundle });
}

const views = ({ nodes }: Cluster) => nodes.map(({ state }) => state.view);

/** The client numbered 0 is served, or not; the one numbered 1 always is. Gives the highest view after a while. */
function serve(hide: boolean): number {
  const cluster = new Cluster(4);
  submit(cluster, bundlesOf(1)[1]!);
  const leader = cluster.nodes.findIndex((_, i) => cluster.sent(i).some(({ kind }) => kind === "outline"));
  submit(cluster, bundlesOf(1)[0]!, hide ? leader : undefined);
  for (let n = 2; n <= 60; n++) {
    submit(cluster, bundlesOf(n)[1]!);
    cluster.wait(STEP);
  }
  return Math.max(...views(cluster));
}

describe("a praft leader", () => {
  it("that serves others and hides a client loses its turn", () => {
    expect(serve(true)).to.be.greaterThan(1);
    expect(serve(false)).to.equal(1);
  });

  it("that works through a long queue keeps it", () => {
    const cluster = new Cluster(4, 0, { bundlesPerBlock: 1 });
    const late: { readonly to: number; readonly vote: Vote }[] = [];
    cluster.lose = (message, to) => message.kind === "vote" && late.push({ to, vote: message }) > 0;
    for (let n = 1; n <= 20; n++) for (const bundle of bundlesOf(n)) submit(cluster, bundle);
    for (let i = 0; i < 70; i++) {
      cluster.wait(STEP);
      for (const { to, vote } of late.splice(0)) cluster.tell(to, `m${vote.signer}`, vote);
    }
    expect(cluster.nodes.map(({ state }) => [...state.sessions.values()])).to.deep.equal(
      cluster.nodes.map(() => [20, 20, 20]),
    );
    expect(views(cluster)).to.deep.equal([1, 1, 1, 1]);
  });
});
