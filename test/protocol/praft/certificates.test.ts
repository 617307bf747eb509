import { expect } from "chai";
import fc from "fast-check";
import {
  certify,
  certifyTimeouts,
  isQuorumCertificate,
  isTimeoutCertificate,
} from "../../../coordinator/protocol/praft/certificates.ts";
import { committeeOf, leaderOf, weightOf } from "../../../coordinator/protocol/praft/config.ts";
import type { Timeout } from "../../../coordinator/protocol/praft/messages.ts";
import { timeoutDigest } from "../../../coordinator/protocol/praft/statements.ts";
import type { QuorumCertificate } from "../../../coordinator/protocol/praft/types.ts";
import { committeeWith, GROUP, hashOf, keyOf, testScheme, voteOf } from "./fixtures.ts";

const at = { view: 3, height: 7 };
const block = hashOf("block");

describe("praft config", () => {
  it("any two sets of weight Q share weight of at least F + 1", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 12 }),
        (weights) => {
          const { total, faulty, quorum } = committeeWith(weights);
          expect(2 * quorum - total).to.be.at.least(faulty + 1);
          expect(3 * faulty).to.be.below(total);
        },
      ),
    );
  });

  it("gives turns in proportion to weight", () => {
    const committee = committeeWith([4, 2, 1, 1]);
    const turns = [0, 0, 0, 0];
    for (let view = 0; view < 16; view++) turns[leaderOf(committee, view)]!++;
    expect(turns).to.deep.equal([8, 4, 2, 2]);
  });

  it("skips a member, and nobody when all are to be skipped", () => {
    const committee = committeeWith([1, 1, 1]);
    const first = leaderOf(committee, 5);
    expect(leaderOf(committee, 5, (member) => member === first)).to.not.equal(first);
    expect(leaderOf(committee, 5, () => true)).to.equal(first);
  });

  it("gives nobody two views in a row for a turn that another loses", () => {
    const committee = committeeWith([1, 1, 1, 1]);
    for (let skipped = 0; skipped < 4; skipped++)
      for (let view = 1; view < 24; view++) {
        const [now, then] = [view, view + 1].map((each) =>
          leaderOf(committee, each, (member) => member === skipped),
        );
        expect(now).not.to.equal(then);
      }
  });

  it("refuses nobody, a member twice and a weight that is not whole", () => {
    for (const weights of [[], [0], [1.5], [-1], [2 ** 32]]) {
      expect(() => committeeWith(weights))
        .to.throw()
        .with.property("code", "PRAFT_CONFIG");
    }
    const member = { id: "a", voteKey: keyOf(1), weight: 1 };
    expect(() => committeeOf({ groupId: GROUP, epoch: 0, members: [member, { ...member, id: "b" }] }))
      .to.throw()
      .with.property("code", "PRAFT_CONFIG");
  });
});

describe("praft certificates", () => {
  const committee = committeeWith([3, 2, 1, 1]);
  const good = certify(
    testScheme,
    [2, 0, 1].map((signer) => voteOf(committee, signer, at, block)),
  );
  const valid = (qc: QuorumCertificate) => isQuorumCertificate(testScheme, committee, qc);

  it("counts weight, not heads", () => {
    expect(valid(good)).to.equal(true);
    const light = certify(
      testScheme,
      [1, 2, 3].map((signer) => voteOf(committee, signer, at, block)),
    );
    expect(weightOf(committee, light.signers)).to.be.below(committee.quorum);
    expect(valid(light)).to.equal(false);
  });

  it("counts nobody twice and no stranger", () => {
    const votes = [0, 0, 1].map((signer) => voteOf(committee, signer, at, block));
    expect(valid(certify(testScheme, votes))).to.equal(false);
    expect(valid({ ...good, signers: [0, 1, 9] })).to.equal(false);
  });

  it("holds for one epoch, view, height and block", () => {
    for (const change of [{ epoch: 1 }, { view: 4 }, { height: 8 }, { blockHash: hashOf("other") }]) {
      expect(valid({ ...good, ...change })).to.equal(false);
    }
    const next = committeeWith([3, 2, 1, 1], 1);
    expect(isQuorumCertificate(testScheme, next, { ...good, epoch: 1 })).to.equal(false);
  });

  const timeout = (signer: number, highQc: QuorumCertificate): Timeout => ({
    kind: "timeout",
    epoch: 0,
    view: 5,
    highQc,
    signer,
    signature: testScheme.sign(keyOf(signer), timeoutDigest(committee, 5, highQc)),
  });

  it("a timeout certificate carries the highest certificate reported, and none lower", () => {
    const low = { ...good, view: 2, height: 4 };
    const tc = certifyTimeouts(testScheme, [timeout(1, low), timeout(0, good), timeout(2, low)]);
    expect(tc.highQc).to.equal(good);
    expect(isTimeoutCertificate(testScheme, committee, tc)).to.equal(true);
    expect(isTimeoutCertificate(testScheme, committee, { ...tc, highQc: low })).to.equal(false);
    expect(isTimeoutCertificate(testScheme, committee, { ...tc, view: 6 })).to.equal(false);
    const entries = tc.entries.map((entry) => ({ ...entry, height: 7, view: 3 }));
    expect(isTimeoutCertificate(testScheme, committee, { ...tc, entries })).to.equal(false);
  });
});
