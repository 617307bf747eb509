import { expect } from "chai";
import {
  bundleDigest,
  MAX_PAYLOAD_BYTES,
  payloadBytes,
  payloadRoot,
} from "../../../coordinator/protocol/praft/bundle-hashes.ts";
import { isBundle } from "../../../coordinator/protocol/praft/bundles.ts";
import { decodeMessage } from "../../../coordinator/protocol/praft/decode.ts";
import { encodeMessage } from "../../../coordinator/protocol/praft/encode.ts";
import type { Message } from "../../../coordinator/protocol/praft/messages.ts";
import type { Bundle } from "../../../coordinator/protocol/praft/types.ts";
import { Cluster } from "./cluster.ts";
import { committeeWith, GROUP, keyOf, testScheme } from "./fixtures.ts";

const clientKey = keyOf(99);
const MIB = 2 ** 20;

/** A client's bundle of operations of these sizes. */
function bundleOf(sequence: number, sizes: readonly number[]): Bundle {
  const operations = sizes.map((size) => new Uint8Array(size).fill(sequence));
  const unsigned = { clientKey, sequence, operations, signature: new Uint8Array() };
  return { ...unsigned, signature: testScheme.sign(clientKey, bundleDigest(GROUP, unsigned)) };
}

const largeBundle = (sequence: number) => bundleOf(sequence, new Array<number>(48).fill(65_536));

function submit(cluster: Cluster, members: readonly number[], bundle: Bundle): void {
  for (const i of members) cluster.tell(i, "client", { kind: "submit", bundle });
}

const proposed = (cluster: Cluster) =>
  cluster.effects.flat().flatMap((effect) => (effect.kind === "commit" ? [effect.block.payload] : []));

describe("praft payload", () => {
  it("of a block is bounded in bytes; a bundle that is larger goes alone", () => {
    const cluster = new Cluster(4, 0, { bytesPerBlock: 1_000 });
    cluster.lose = ({ kind }) => kind === "outline";
    for (const sequence of [1, 2, 3, 4]) submit(cluster, [0, 1, 2, 3], bundleOf(sequence, [400]));
    submit(cluster, [0, 1, 2, 3], bundleOf(5, [4_000]));
    cluster.lose = () => false;
    for (let i = 0; i < 5; i++) cluster.wait(1_000);
    const sizes = proposed(cluster).map(({ bundles }) => bundles.map(({ sequence }) => sequence));
    expect(sizes.flat().toSorted()).to.include.members([1, 2, 3, 4, 5]);
    for (const block of sizes) expect(block.length).to.be.at.most(block.includes(5) ? 1 : 2);
  });

  it("is refused where it would not fit a message", () => {
    const { env } = new Cluster().nodes[0]!;
    const committee = committeeWith([1, 1, 1, 1]);
    const most = MAX_PAYLOAD_BYTES / 65_536;
    expect(isBundle(env, committee, bundleOf(1, new Array<number>(most - 1).fill(65_536)))).to.equal(true);
    expect(isBundle(env, committee, bundleOf(1, new Array<number>(most).fill(65_536)))).to.equal(false);
  });

  it("that was missed comes in answers of no more than a message, until all is there", () => {
    const cluster = new Cluster(4, 0, { bytesPerBlock: 4 * MIB, maxPendingBytes: 64 * MIB });
    cluster.away.add(3);
    for (let sequence = 1; sequence <= 8; sequence++) submit(cluster, [0, 1, 2], largeBundle(sequence));
    cluster.away.clear();
    let most = 0;
    cluster.lose = (message) => {
      if (message.kind === "sync-reply") most = Math.max(most, encodeMessage(message).length);
      return false;
    };
    cluster.wait(3_000);
    expect(cluster.nodes[3]!.state.committed.height).to.be.at.least(8);
    expect(most).to.be.within(6 * MIB, MAX_PAYLOAD_BYTES + MIB);
  });

  it("has one encoding: a length written longer than need be is no message", () => {
    const bytes = encodeMessage({ kind: "submit", bundle: bundleOf(1, [5, 200, 20_000]) });
    expect(encodeMessage(decodeMessage(bytes))).to.deep.equal(bytes);
    const first = 2 + 4 + clientKey.length + 8 + 4;
    expect(bytes[first]).to.equal(5);
    const longer = Uint8Array.of(...bytes.slice(0, first), 0x85, 0, ...bytes.slice(first + 1));
    expect(() => decodeMessage(longer))
      .to.throw()
      .with.property("code", "PRAFT_LIMIT");
  });

  it("has the same roots read from bytes and with another SHA-256 of the same values", () => {
    const bundle = bundleOf(1, [1, 200, ...new Array<number>(70).fill(32)]);
    const read = decodeMessage(encodeMessage({ kind: "submit", bundle })) as Message & { kind: "submit" };
    const root = payloadRoot({ bundles: [bundle] });
    expect(payloadRoot({ bundles: [read.bundle] })).to.equal(root);
    expect(payloadRoot({ bundles: [{ ...bundle }] })).to.equal(root);
    expect(payloadBytes({ bundles: [bundle] })).to.equal(
      encodeMessage({ kind: "submit", bundle }).length - 2,
    );
  });
});
