import { expect } from "chai";
import { ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { certify, certifyTimeouts } from "../../../coordinator/protocol/praft/certificates.ts";
import { hashBlock } from "../../../coordinator/protocol/praft/encode.ts";
import { type Certified, chargesOf, culpritsOf } from "../../../coordinator/protocol/praft/forensics.ts";
import { timeoutDigest } from "../../../coordinator/protocol/praft/statements.ts";
import type {
  Block,
  QuorumCertificate,
  TimeoutCertificate,
} from "../../../coordinator/protocol/praft/types.ts";
import { committeeWith, GROUP, hashOf, keyOf, testScheme, voteOf } from "./fixtures.ts";

const committee = committeeWith([1, 1, 1, 1]);
const base: QuorumCertificate = {
  epoch: 0,
  view: 0,
  height: 0,
  blockHash: committee.hash,
  signers: [],
  signature: new Uint8Array(),
};

/** A block on a certificate, and its own certificate by these members. */
function certified(
  justify: QuorumCertificate,
  view: number,
  signers: readonly number[],
  tc?: TimeoutCertificate,
): Certified {
  const block: Block = {
    groupId: GROUP,
    epoch: 0,
    view,
    height: justify.height + 1,
    justify,
    opsRoot: hashOf(signers.join()),
    stateHeight: 0,
    stateRoot: ZERO_HASH,
    time: 0,
    nextConfigHash: ZERO_HASH,
    ...(tc && { tc }),
  };
  const votes = signers.map((signer) => voteOf(committee, signer, block, hashBlock(block)));
  return { block, qc: certify(testScheme, votes) };
}

function tcOf(view: number, reports: readonly (readonly [number, QuorumCertificate])[]): TimeoutCertificate {
  return certifyTimeouts(
    testScheme,
    reports.map(([signer, highQc]) => {
      const signature = testScheme.sign(keyOf(signer), timeoutDigest(committee, view, highQc));
      return { kind: "timeout", epoch: 0, view, highQc, signer, signature };
    }),
  );
}

/** The members that charges from two chains convict. */
function guilty(a: readonly Certified[], b: readonly Certified[]): number[] {
  const all = chargesOf(testScheme, committee, a, b).flatMap((charge) =>
    culpritsOf(testScheme, committee, charge),
  );
  return [...new Set(all)].sort();
}

const start = certified(base, 1, [0, 1, 2]);
const a1 = certified(start.qc, 1, [0, 1, 2]);
const a2 = certified(a1.qc, 1, [0, 1, 2]);

describe("praft forensics", () => {
  it("convict who voted twice at a rank", () => {
    const b1 = certified(start.qc, 1, [0, 1, 3]);
    expect(guilty([a1, a2], [b1, certified(b1.qc, 1, [0, 1, 3])])).to.deep.equal([0, 1]);
  });

  it("convict who hid a certificate from the next view", () => {
    const tc = tcOf(1, [
      [0, start.qc],
      [1, start.qc],
      [3, start.qc],
    ]);
    const b1 = certified(start.qc, 2, [0, 1, 3], tc);
    expect(guilty([a1, a2], [b1, certified(b1.qc, 2, [0, 1, 3])])).to.deep.equal([0, 1]);
  });

  it("convict all who voted for a block below what its own proof reports", () => {
    const tc = tcOf(1, [
      [1, a1.qc],
      [2, a1.qc],
      [3, start.qc],
    ]);
    const b1 = certified(start.qc, 2, [0, 1, 3], tc);
    const charge = { kind: "unjustified", certified: b1 } as const;
    expect(culpritsOf(testScheme, committee, charge)).to.deep.equal([0, 1, 3]);
    expect(culpritsOf(testScheme, committee, { kind: "unjustified", certified: a1 })).to.deep.equal([]);
  });

  it("convict nobody by certificates below weight Q, of other blocks, or that agree", () => {
    const b1 = certified(start.qc, 1, [0, 1, 3]);
    const weak = { ...b1, qc: { ...b1.qc, signers: [0, 1], signature: b1.qc.signature.subarray(0, 16) } };
    const charge = { kind: "double", first: a1, second: weak } as const;
    expect(culpritsOf(testScheme, committee, charge)).to.deep.equal([]);
    expect(culpritsOf(testScheme, committee, { ...charge, second: { ...b1, qc: a2.qc } })).to.deep.equal([]);
    expect(culpritsOf(testScheme, committee, { ...charge, second: a2 })).to.deep.equal([]);
    const later = tcOf(1, [
      [0, a2.qc],
      [2, start.qc],
      [3, start.qc],
    ]);
    const report = { kind: "report", child: a1, tc: later } as const;
    expect(culpritsOf(testScheme, committee, report)).to.deep.equal([]);
  });
});
