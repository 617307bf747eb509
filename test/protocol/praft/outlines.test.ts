import { expect } from "chai";
import { toHex } from "../../../coordinator/protocol/bytes.ts";
import { encodeMessage } from "../../../coordinator/protocol/praft/encode.ts";
import type { Outline } from "../../../coordinator/protocol/praft/messages.ts";
import { bundlesOf } from "../../praft/workload.ts";
import { Cluster } from "./cluster.ts";

/** Longer than a member waits for bundles, shorter than any timeout. */
const WAIT = 20;

/** The first client's bundle number `n`, to some members. */
function tell(cluster: Cluster, members: readonly number[], n: number): void {
  for (const i of members) cluster.tell(i, "client", { kind: "submit", bundle: bundlesOf(n)[0]! });
}

const kindsOf = (cluster: Cluster, member: number) => cluster.sent(member).map(({ kind }) => kind);
const count = (cluster: Cluster, member: number, kind: string) =>
  kindsOf(cluster, member).filter((each) => each === kind).length;
const executed = ({ nodes }: Cluster) => nodes.map(({ state }) => [...state.sessions.values()][0] ?? 0);

/** A cluster, and who leads it. */
function started(): { cluster: Cluster; leader: number; others: number[] } {
  const cluster = new Cluster();
  tell(cluster, [0, 1, 2, 3], 1);
  const leader = cluster.nodes.findIndex((_, i) => kindsOf(cluster, i).includes("outline"));
  return { cluster, leader, others: [0, 1, 2, 3].filter((i) => i !== leader) };
}

describe("a praft outline", () => {
  it("is all that a leader sends of bundles that everyone has", () => {
    const { cluster, leader, others } = started();
    expect(executed(cluster)).to.deep.equal([1, 1, 1, 1]);
    expect(count(cluster, leader, "propose")).to.equal(0);
    expect(others.flatMap((i) => kindsOf(cluster, i))).not.to.include("want");
    const bundle = bundlesOf(1)[0]!;
    const said = cluster.sent(leader).map((message) => toHex(encodeMessage(message)).slice(2));
    expect(said.some((hex) => hex.includes(toHex(bundle.signature).slice(2)))).to.equal(false);
  });

  it("waits for bundles that come a little later, and asks nobody for them", () => {
    const { cluster, leader, others } = started();
    tell(cluster, [leader], 2);
    expect(executed(cluster)).to.deep.equal([1, 1, 1, 1]);
    tell(cluster, others, 2);
    expect(executed(cluster)).to.deep.equal([2, 2, 2, 2]);
    cluster.wait(WAIT);
    expect(others.flatMap((i) => kindsOf(cluster, i))).not.to.include.members(["want"]);
    expect(count(cluster, leader, "propose")).to.equal(0);
  });

  it("is followed by the whole, once, for who still lacks bundles after a while", () => {
    const { cluster, leader, others } = started();
    tell(cluster, [leader], 2);
    cluster.wait(WAIT / 2);
    expect(executed(cluster)).to.deep.equal([1, 1, 1, 1]);
    for (let i = 0; i < 4; i++) cluster.wait(WAIT);
    expect(executed(cluster)).to.deep.equal([2, 2, 2, 2]);
    expect(others.map((i) => count(cluster, i, "want"))).to.satisfy((each: number[]) =>
      each.every((times) => times <= 1),
    );
    expect(count(cluster, leader, "propose")).to.be.within(2, 3);
    expect(cluster.nodes.map(({ state }) => state.view)).to.deep.equal([1, 1, 1, 1]);
  });

  it("is sent whole at once to who lacked bundles lately, and for a while only", () => {
    const { cluster, leader, others } = started();
    tell(cluster, [leader], 2);
    cluster.wait(WAIT);
    const asked = () => others.reduce((sum, i) => sum + count(cluster, i, "want"), 0);
    const before = asked();
    expect(before).to.be.greaterThan(0);
    for (let n = 3; n <= 5; n++) tell(cluster, [leader], n);
    expect(asked()).to.equal(before);
    expect(executed(cluster)).to.deep.equal([5, 5, 5, 5]);
    for (let n = 6; n <= 20; n++) tell(cluster, [0, 1, 2, 3], n);
    const whole = count(cluster, leader, "propose");
    for (let n = 21; n <= 30; n++) tell(cluster, [0, 1, 2, 3], n);
    expect(count(cluster, leader, "propose")).to.equal(whole);
  });

  it("is not worth a second answer to the same question, nor any to a stranger", () => {
    const { cluster, leader, others } = started();
    const [asker] = others;
    cluster.lose = ({ kind }) => kind === "vote";
    tell(cluster, [0, 1, 2, 3], 2);
    const { hash } = cluster.sent(leader).findLast(({ kind }) => kind === "outline") as Outline;
    for (let i = 0; i < 10; i++) cluster.tell(leader, `m${asker}`, { kind: "want", blockHash: hash });
    expect(count(cluster, leader, "propose")).to.equal(1);
    cluster.tell(leader, "stranger", { kind: "want", blockHash: hash });
    expect(count(cluster, leader, "propose")).to.equal(1);
  });

  it("of bundles nobody has costs its leader the view, and the others nothing they had", () => {
    const { cluster, leader, others } = started();
    tell(cluster, [leader], 2);
    tell(cluster, others, 2);
    const outline = cluster.sent(leader).findLast(({ kind }) => kind === "outline") as Outline;
    const lie: Outline = { ...outline, bundles: [`0x${"ab".repeat(32)}`] };
    cluster.away.add(leader);
    for (const i of others) cluster.tell(i, `m${leader}`, lie);
    tell(cluster, others, 3);
    for (let i = 0; i < 6; i++) cluster.wait(1_000);
    expect(others.map((i) => executed(cluster)[i])).to.deep.equal([3, 3, 3]);
  });

  it("that was lost on its way, or whose vote was, is sent again within the view", () => {
    for (const lost of ["outline", "vote"]) {
      const { cluster, leader } = started();
      cluster.lose = ({ kind }, to) => kind === lost && (lost === "vote" ? to === leader : to !== leader);
      tell(cluster, [0, 1, 2, 3], 2);
      expect(executed(cluster)).to.deep.equal([1, 1, 1, 1]);
      cluster.lose = () => false;
      for (let waited = 0; waited < 140; waited += WAIT) cluster.wait(WAIT);
      expect(executed(cluster), lost).to.deep.equal([2, 2, 2, 2]);
      expect(cluster.nodes.map(({ state }) => state.view)).to.deep.equal([1, 1, 1, 1]);
    }
  });

  it("that comes before the blocks below it waits, whoever its receiver takes for the leader", () => {
    const { cluster, leader, others } = started();
    const late = others[0]!;
    const { state } = cluster.nodes[late]!;
    cluster.away.add(late);
    tell(cluster, [leader, ...others.slice(1)], 2);
    cluster.away.clear();
    state.skippedUntil[leader] = 100;
    cluster.lose = (message, to) => to === late && message.kind === "sync-reply" && message.blocks.length > 0;
    tell(cluster, [0, 1, 2, 3], 3);
    const held = state.held.map(({ message }) => message.hash);
    expect(held.length).to.be.greaterThan(0);
    state.skippedUntil[leader] = 0;
    cluster.lose = () => false;
    for (let waited = 0; waited < 160; waited += WAIT) cluster.wait(WAIT);
    expect(executed(cluster)).to.deep.equal([3, 3, 3, 3]);
    expect(state.held).to.deep.equal([]);
    const votes = cluster.sent(late).flatMap((each) => (each.kind === "vote" ? [each.blockHash] : []));
    expect(votes).to.include(held.at(-1));
  });

  it("whose names are not those of its block is not voted for", () => {
    const { cluster, leader, others } = started();
    cluster.lose = ({ kind }) => kind === "outline";
    tell(cluster, [leader], 2);
    const outline = cluster.sent(leader).findLast(({ kind }) => kind === "outline") as Outline;
    cluster.lose = () => false;
    const voter = others[0]!;
    const votes = count(cluster, voter, "vote");
    cluster.tell(voter, `m${leader}`, { ...outline, bundles: [] });
    expect(count(cluster, voter, "vote")).to.equal(votes);
  });
});
