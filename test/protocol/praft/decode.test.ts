import { expect } from "chai";
import { certify } from "../../../coordinator/protocol/praft/certificates.ts";
import { decodeMessage } from "../../../coordinator/protocol/praft/decode.ts";
import { encodeMessage } from "../../../coordinator/protocol/praft/encode.ts";
import type { Message } from "../../../coordinator/protocol/praft/messages.ts";
import { bundlesOf } from "../../praft/workload.ts";
import { Cluster } from "./cluster.ts";
import { committeeOfMembers, committeeWith, hashOf, voteOf } from "./fixtures.ts";

const committee = committeeWith([1, 1, 1, 1]);
const vote = voteOf(committee, 2, { view: 3, height: 2 ** 40 }, hashOf("block"));
const highQc = certify(
  testSchemeOf(),
  [0, 1, 3].map((signer) => voteOf(committee, signer, { view: 3, height: 7 }, hashOf("block"))),
);
const entries = [0, 2].map((signer) => ({ signer, view: 3, height: 7 }));
const tc = { epoch: 0, view: 5, entries, signature: new Uint8Array(16), highQc };
const code = (bytes: Uint8Array) =>
  expect(() => decodeMessage(bytes))
    .to.throw()
    .with.property("code");

function testSchemeOf() {
  return { aggregate: () => new Uint8Array(24), sign: bad, verify: bad, verifyAggregate: bad };
}

function bad(): never {
  throw new Error("not used");
}

/** Everything four members and one that joins said and wrote down until an epoch was over. */
function everythingSaid(): Message[] {
  const cluster = new Cluster(4, 1);
  const config = committeeOfMembers([0, 1, 2, 4], 1);
  cluster.submit(1, 4);
  cluster.lose = (message) => message.kind === "vote";
  cluster.submit(5, 5);
  for (let i = 0; i < 3; i++) cluster.wait(1_000);
  cluster.lose = () => false;
  for (const { index } of cluster.nodes)
    cluster.play(index, { kind: "reconfigure", now: cluster.now, config });
  for (let i = 0; i < 4; i++) cluster.wait(1_000);
  cluster.submit(6, 30);
  // Whoever leads has a bundle that the others want.
  const [a, b] = bundlesOf(31);
  for (const i of [0, 1]) cluster.tell(i, "client", { kind: "submit", bundle: a! });
  for (const i of [2, 4]) cluster.tell(i, "client", { kind: "submit", bundle: b! });
  cluster.wait(20);
  return cluster.nodes.flatMap(({ index, log }) => [...cluster.sent(index), ...log]);
}

describe("praft messages", () => {
  it("of every kind survive the wire and the log", () => {
    const all: Message[] = [...everythingSaid(), { kind: "damaged" }, { kind: "damaged", epoch: 3 }];
    const kinds = new Set(all.map(({ kind }) => kind));
    for (const kind of ["propose", "outline", "want", "enter", "ready", "checkpoint", "snapshot", "timeout"])
      expect(kinds).to.include(kind);
    expect(all.some((each) => each.kind === "outline" && each.ready?.length === 1)).to.equal(true);
    expect(all.some((each) => each.kind === "outline" && each.block.tc !== undefined)).to.equal(true);
    for (const message of all) {
      const bytes = encodeMessage(message);
      expect(encodeMessage(decodeMessage(bytes))).to.deep.equal(bytes);
    }
  });

  it("come back as they were sent, byte for byte", () => {
    const messages: Message[] = [
      vote,
      { kind: "enter", tc },
      { kind: "sync-request", epoch: 1, height: 2 },
      { kind: "timeout", epoch: 0, view: 5, highQc, signer: 1, signature: new Uint8Array(8) },
    ];
    for (const message of messages) {
      expect(decodeMessage(encodeMessage(message))).to.deep.equal(message);
      expect(encodeMessage(decodeMessage(encodeMessage(message)))).to.deep.equal(encodeMessage(message));
    }
  });

  it("are refused by name: version, kind, too short, too long, over a limit", () => {
    const bytes = encodeMessage(vote);
    code(Uint8Array.of(1, ...bytes.slice(1))).equal("PRAFT_VERSION");
    code(Uint8Array.of(bytes[0]!, 99)).equal("PRAFT_KIND");
    for (let end = 2; end < bytes.length; end++) code(bytes.slice(0, end)).equal("PRAFT_TRUNCATED");
    code(Uint8Array.of(...bytes, 0)).equal("PRAFT_TRAILING");
    code(new Uint8Array(16 * 2 ** 20 + 1)).equal("PRAFT_LIMIT");
    const long = bytes.slice();
    long[bytes.length - 8 - 4] = 0xff;
    code(long).equal("PRAFT_LIMIT");
  });

  it("name a signer once", () => {
    const twice = { ...tc, entries: [entries[0]!, entries[0]!] };
    code(encodeMessage({ kind: "enter", tc: twice })).equal("PRAFT_SIGNERS");
  });
});
