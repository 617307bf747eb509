import { expect } from "chai";
import { ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { payloadRoot } from "../../../coordinator/protocol/praft/bundle-hashes.ts";
import { certify } from "../../../coordinator/protocol/praft/certificates.ts";
import type { Committee } from "../../../coordinator/protocol/praft/config.ts";
import type { Effect } from "../../../coordinator/protocol/praft/effects.ts";
import { hashBlock } from "../../../coordinator/protocol/praft/encode.ts";
import type { Message } from "../../../coordinator/protocol/praft/messages.ts";
import { timeoutDigest } from "../../../coordinator/protocol/praft/statements.ts";
import { step } from "../../../coordinator/protocol/praft/step.ts";
import type { Block, FullBlock, QuorumCertificate } from "../../../coordinator/protocol/praft/types.ts";
import { createNode } from "../../praft/node.ts";
import { committeeWith, GROUP, keyOf, testScheme, voteOf } from "./fixtures.ts";

const committee = committeeWith([1, 1, 1, 1]);

/** A block without bundles on a certificate, in this view, and the certificate of it. */
function grow(
  justify: QuorumCertificate,
  view: number,
  next?: Committee,
): { full: FullBlock; qc: QuorumCertificate } {
  const payload = { bundles: [], ...(next && { nextConfig: next }) };
  const block: Block = {
    groupId: GROUP,
    epoch: 0,
    view,
    height: justify.height + 1,
    justify,
    opsRoot: payloadRoot(payload),
    stateHeight: 0,
    stateRoot: ZERO_HASH,
    time: 0,
    nextConfigHash: next?.hash ?? ZERO_HASH,
  };
  const hash = hashBlock(block);
  const votes = [0, 2, 3].map((signer) => voteOf(committee, signer, block, hash));
  return { full: { block, payload, hash }, qc: certify(testScheme, votes) };
}

/** A member that is told things; its messages go nowhere. */
function listener() {
  const { state, env } = createNode(committee, 1, "member");
  const effects: Effect[] = [];
  const tell = (message: Message) =>
    effects.push(...step(state, { kind: "message", now: 1, from: "m0", message }, env).effects);
  return { state, effects, tell };
}

describe("praft commit", () => {
  it("needs a block and a direct child, both certified in one view", () => {
    const { state, tell } = listener();
    const first = grow(state.highQc, 1);
    const second = grow(first.qc, 2);
    const third = grow(second.qc, 3);
    tell({
      kind: "sync-reply",
      blocks: [first.full, second.full, third.full],
      qc: third.qc,
    });
    expect(state.highQc).to.equal(third.qc);
    expect(state.committed.height).to.equal(0);
    const fourth = grow(third.qc, 3);
    tell({ kind: "sync-reply", blocks: [fourth.full], qc: fourth.qc });
    expect(state.committed.height).to.equal(3);
  });

  it("ends an epoch with the block that closes it, though a later one is committed by the same certificate", () => {
    const { state, tell } = listener();
    const closing = grow(state.highQc, 1, committeeWith([1, 1, 1, 1], 1));
    const second = grow(closing.qc, 2);
    const third = grow(second.qc, 2);
    tell({ kind: "sync-reply", blocks: [closing.full, second.full, third.full], qc: third.qc });
    expect(state.committed).to.include({ height: 1, hash: closing.full.hash });
    expect(state.committee.epoch).to.equal(1);
  });
});

describe("praft timeouts", () => {
  it("of weight above F take a member along, of weight F do not", () => {
    const { state, effects, tell } = listener();
    const timeout = (signer: number): Message => {
      const highQc = createNode(committee, signer, "member").state.highQc;
      const signature = testScheme.sign(keyOf(signer), timeoutDigest(committee, 4, highQc));
      return { kind: "timeout", epoch: 0, view: 4, highQc, signer, signature };
    };
    tell(timeout(0));
    expect(state.lastTimeoutView).to.equal(0);
    tell(timeout(2));
    expect(state.lastTimeoutView).to.equal(4);
    expect(effects.some((each) => each.kind === "send" && each.message.kind === "timeout")).to.equal(true);
  });
});
