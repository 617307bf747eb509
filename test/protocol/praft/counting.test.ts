import { expect } from "chai";
import type { Vote } from "../../../coordinator/protocol/praft/messages.ts";
import { bundlesOf } from "../../praft/workload.ts";
import { Cluster } from "./cluster.ts";

/** A leader who has proposed a block and heard no vote for it but its own, and the votes of the others. */
function election(): { cluster: Cluster; leader: number; votes: Vote[]; height: () => number } {
  const cluster = new Cluster();
  const votes: Vote[] = [];
  let leader = -1;
  cluster.lose = (message, to) => {
    if (message.kind !== "vote" || message.signer === to) return false;
    votes.push(message);
    leader = to;
    return true;
  };
  for (let i = 0; i < 4; i++) cluster.tell(i, "client", { kind: "submit", bundle: bundlesOf(1)[0]! });
  return {
    cluster,
    leader,
    votes: votes.splice(0),
    height: () => cluster.nodes[leader]!.state.highQc.height,
  };
}

const forged = (vote: Vote): Vote => ({ ...vote, signature: vote.signature.map((byte) => byte ^ 1) });
const evidence = (cluster: Cluster) => cluster.effects.flat().filter(({ kind }) => kind === "evidence");

describe("a praft leader that counts votes", () => {
  it("certifies with weight Q of good ones", () => {
    const { cluster, leader, votes, height } = election();
    cluster.tell(leader, `m${votes[0]!.signer}`, votes[0]!);
    expect(height()).to.equal(0);
    cluster.tell(leader, `m${votes[1]!.signer}`, votes[1]!);
    expect(height()).to.equal(1);
  });

  for (const [what, lie] of [
    ["a false signature", forged],
    ["something that is no signature", (vote: Vote): Vote => ({ ...vote, signature: new Uint8Array(3) })],
  ] as const) {
    it(`goes without a vote with ${what}, and takes a later good one of the same member`, () => {
      const { cluster, leader, votes, height } = election();
      const [liar, honest, late] = votes as [Vote, Vote, Vote];
      cluster.tell(leader, `m${liar.signer}`, lie(liar));
      cluster.tell(leader, `m${honest.signer}`, honest);
      expect(height()).to.equal(0);
      cluster.tell(leader, `m${liar.signer}`, lie(liar));
      expect(height()).to.equal(0);
      cluster.tell(leader, `m${late.signer}`, late);
      expect(height()).to.equal(1);
      expect(evidence(cluster)).to.deep.equal([]);
    });
  }

  it("checks the votes of who brought a false one alone: it costs the others' check once", () => {
    const { cluster, leader, votes, height } = election();
    const [liar, honest] = votes as [Vote, Vote];
    const node = cluster.nodes[leader]!;
    let sums = 0;
    const { scheme } = node.env;
    const counted: typeof scheme = {
      ...scheme,
      verifyAggregate(...each) {
        sums++;
        return scheme.verifyAggregate(...each);
      },
    };
    cluster.nodes[leader] = { ...node, env: { ...node.env, scheme: counted } };
    cluster.tell(leader, `m${honest.signer}`, honest);
    for (let i = 0; i < 20; i++) cluster.tell(leader, `m${liar.signer}`, forged(liar));
    expect(sums).to.equal(1);
    cluster.tell(leader, `m${liar.signer}`, liar);
    expect(height()).to.equal(1);
  });

  it("takes a vote from its signer only: nobody takes another's place with a false one", () => {
    const { cluster, leader, votes, height } = election();
    const [liar, honest] = votes as [Vote, Vote];
    cluster.tell(leader, `m${liar.signer}`, forged(honest));
    cluster.tell(leader, `m${honest.signer}`, honest);
    cluster.tell(leader, `m${liar.signer}`, liar);
    expect(height()).to.equal(1);
  });

  it("accuses nobody of a vote that it did not sign", () => {
    const { cluster, leader, votes } = election();
    const vote = votes[0]!;
    cluster.tell(leader, `m${vote.signer}`, forged({ ...vote, blockHash: `0x${"12".repeat(32)}` }));
    cluster.tell(leader, `m${vote.signer}`, vote);
    expect(evidence(cluster)).to.deep.equal([]);
  });
});
