import { expect } from "chai";
import { execute } from "../../../coordinator/protocol/praft/bundles.ts";
import { decodeMessage } from "../../../coordinator/protocol/praft/decode.ts";
import { encodeMessage } from "../../../coordinator/protocol/praft/encode.ts";
import type { SnapshotMessage } from "../../../coordinator/protocol/praft/messages.ts";
import { recover } from "../../../coordinator/protocol/praft/recovery.ts";
import { encodeSnapshot, snapshotHash, takeSnapshot } from "../../../coordinator/protocol/praft/snapshots.ts";
import { checkpointDigest } from "../../../coordinator/protocol/praft/statements.ts";
import { createNode } from "../../praft/node.ts";
import { bundlesOf, executedOf } from "../../praft/workload.ts";
import { Cluster } from "./cluster.ts";
import { committeeOfMembers, committeeWith, keyOf, testScheme } from "./fixtures.ts";

const committee = committeeWith([1, 1, 1, 1]);
const BUNDLES = 60;

/** Three members that went so far that nobody has the first blocks any more, while the fourth was away. */
function farAhead(): Cluster {
  const cluster = new Cluster();
  cluster.away.add(3);
  cluster.submit(1, BUNDLES);
  for (let i = 0; i < 8; i++) cluster.wait(500);
  return cluster;
}

function snapshotOf(cluster: Cluster): SnapshotMessage {
  const { stable } = cluster.nodes[0]!.state;
  return { kind: "snapshot", handovers: [], certificate: stable!.certificate, bytes: stable!.bytes };
}

function refusals(cluster: Cluster): string[] {
  return cluster.effects[3]!.flatMap((effect) => (effect.kind === "refused" ? [effect.code] : []));
}

describe("praft snapshots", () => {
  it("bound the history and the log, and lead a new state to the same one", () => {
    const { state, env, log } = farAhead().nodes[0]!;
    expect(executedOf(state)).to.deep.equal([BUNDLES, BUNDLES, BUNDLES]);
    expect(state.historyFrom).to.be.above(0);
    expect(state.history.length).to.be.below(4 * env.limits.compactBlocks);
    expect(log.length).to.be.below(state.committed.height);
    const { state: again } = recover(committee, env, log.map(encodeMessage).map(decodeMessage), false);
    for (const key of [
      "committed",
      "sessions",
      "app",
      "lastVoted",
      "view",
      "highQc",
      "skippedUntil",
    ] as const)
      expect(again[key], key).to.deep.equal(state[key]);
  });

  it("take along who is too far behind for blocks", () => {
    const cluster = farAhead();
    cluster.away.clear();
    cluster.submit(BUNDLES + 1, BUNDLES + 1);
    for (let i = 0; i < 8; i++) cluster.wait(500);
    const late = cluster.nodes[3]!.state;
    expect(cluster.effects[3]!.map(({ kind }) => kind)).to.include("installed");
    expect(late.committed).to.deep.equal(cluster.nodes[0]!.state.committed);
    expect(late.app).to.deep.equal(cluster.nodes[0]!.state.app);
  });

  it("are refused if one byte is another, or weight Q did not sign them", () => {
    const cluster = farAhead();
    const honest = snapshotOf(cluster);
    const { certificate } = honest;
    const few = {
      ...certificate,
      signers: certificate.signers.slice(1),
      signature: certificate.signature.subarray(8),
    };
    const twice = { ...certificate, signers: [0, 0, 1] };
    const higher = {
      ...certificate,
      content: { ...certificate.content, height: certificate.content.height + 8 },
    };
    for (let at = 0; at < honest.bytes.length; at += 37) {
      const bytes = honest.bytes.slice();
      bytes[at]! ^= 1;
      cluster.tell(3, "m0", { ...honest, bytes });
    }
    const before = refusals(cluster).length;
    for (const each of [few, twice, higher]) cluster.tell(3, "m0", { ...honest, certificate: each });
    expect(refusals(cluster).length).to.equal(before + 3);
    expect(new Set(refusals(cluster))).to.deep.equal(new Set(["PRAFT_SNAPSHOT_FALSE"]));
    expect(cluster.nodes[3]!.state.committed.height).to.equal(0);
    cluster.tell(3, "m0", honest);
    expect(cluster.nodes[3]!.state.committed.height).to.equal(certificate.content.height);
  });

  it("take a member along over an epoch it never saw, and its proof cannot be made up", () => {
    const cluster = new Cluster();
    cluster.away.add(3);
    cluster.submit(1, 5);
    const config = committeeOfMembers([0, 1, 2, 3], 1);
    for (const i of [0, 1, 2]) cluster.play(i, { kind: "reconfigure", now: cluster.now, config });
    cluster.submit(6, BUNDLES);
    for (let i = 0; i < 8; i++) cluster.wait(500);
    const { closings } = cluster.nodes[0]!.state;
    const { handover } = closings.get(0)!;
    const honest = { ...snapshotOf(cluster), handovers: [handover] };
    const wrong = [
      { ...handover, config: committeeOfMembers([0, 1, 2, 4], 1) },
      { ...handover, qc: { ...handover.qc, signers: [0, 1] } },
      { ...handover, tail: [] },
      { ...handover, closing: handover.tail[0]! },
    ];
    for (const each of wrong) cluster.tell(3, "m0", { ...honest, handovers: [each] });
    cluster.tell(3, "m0", { ...honest, handovers: [] });
    expect(refusals(cluster).length).to.equal(wrong.length + 1);
    cluster.tell(3, "m0", decodeMessage(encodeMessage(honest)));
    expect(cluster.nodes[3]!.state.committee.epoch).to.equal(1);
    const { env, log } = cluster.nodes[3]!;
    const again = recover(committee, env, log, false).state;
    expect(again.committee.epoch).to.equal(1);
    expect(again.closings.get(0)!.handover.closing).to.deep.equal(handover.closing);
  });

  it("do not take a member to a committee that its own one never named", () => {
    const cluster = farAhead();
    const config = committeeOfMembers([10, 11, 12, 13], 1);
    const { state, env } = cluster.nodes[0]!;
    const { tail, qc } = state.commitProof!;
    const closing = state.history.at(-1)!;
    const bytes = encodeSnapshot({ ...takeSnapshot(state, env, closing), config });
    const content = { ...snapshotOf(cluster).certificate.content, epoch: 1, stateRoot: snapshotHash(bytes) };
    const at = { ...content, height: closing.block.height, blockHash: closing.hash };
    const signers = [0, 1, 2];
    const signature = testScheme.aggregate(
      signers.map((i) => testScheme.sign(keyOf(10 + i), checkpointDigest(config, at))),
    );
    const handover = { closing: closing.block, tail: tail.map(({ block }) => block), qc, config };
    cluster.tell(3, "m0", {
      kind: "snapshot",
      handovers: [handover],
      certificate: { content: at, signers, signature },
      bytes,
    });
    expect(refusals(cluster)).to.deep.equal(["PRAFT_SNAPSHOT_FALSE"]);
  });

  it("count no client above the limit", () => {
    const { state } = createNode(committee, 0, "member");
    expect(execute(state, bundlesOf(1), 2)).to.have.length(2);
    expect(state.sessions.size).to.equal(2);
    expect(execute(state, bundlesOf(2), 2)).to.have.length(2);
  });
});
