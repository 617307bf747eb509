import { expect } from "chai";
import { ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import type { Proposal } from "../../../coordinator/protocol/praft/messages.ts";
import type {
  QuorumCertificate,
  Rank,
  TimeoutCertificate,
} from "../../../coordinator/protocol/praft/types.ts";
import { mayVote } from "../../../coordinator/protocol/praft/voting.ts";
import { createNode } from "../../praft/node.ts";
import { committeeWith, GROUP, hashOf } from "./fixtures.ts";

const committee = committeeWith([1, 1, 1, 1]);

/** A member in view 5 that last voted at (4, 9). */
function member(change: object = {}) {
  const { state } = createNode(committee, 1, "member");
  return Object.assign(state, { view: 5, lastVoted: { view: 4, height: 9 }, lastTimeoutView: 4 }, change);
}

function proposal(at: Rank, parent: Rank, reported?: Rank): Proposal {
  const none = new Uint8Array();
  const justify = { epoch: 0, ...parent, blockHash: hashOf("parent"), signers: [0, 1, 2], signature: none };
  const block = {
    groupId: GROUP,
    epoch: 0,
    ...at,
    justify,
    opsRoot: ZERO_HASH,
    stateHeight: 0,
    stateRoot: ZERO_HASH,
    time: 0,
    nextConfigHash: ZERO_HASH,
    ...(reported && { tc: tcOf(at.view - 1, reported, justify) }),
  };
  const payload = { bundles: [] };
  return { kind: "propose", block, payload, hash: hashOf("b"), signer: 0, signature: none };
}

function tcOf(view: number, reported: Rank, highQc: QuorumCertificate): TimeoutCertificate {
  const entries = [{ signer: 0, ...reported }];
  return { epoch: 0, view, entries, signature: new Uint8Array(), highQc };
}

const parent = { view: 4, height: 9 };
const first = proposal({ view: 5, height: 10 }, parent, parent);

describe("praft vote rule", () => {
  it("starts a view by a first vote from no lower than reported", () => {
    expect(mayVote(member(), first)).to.equal(true);
    expect(mayVote(member(), proposal({ view: 5, height: 9 }, { view: 4, height: 8 }, parent))).to.equal(
      false,
    );
    expect(mayVote(member(), proposal({ view: 5, height: 10 }, parent))).to.equal(false);
  });

  it("never restarts a view from a lower parent", () => {
    const later = member({ lastVoted: { view: 5, height: 9 } });
    expect(mayVote(later, first)).to.equal(false);
    expect(mayVote(later, proposal({ view: 5, height: 10 }, { view: 5, height: 9 }))).to.equal(true);
  });

  it("votes once at a rank, in its own view, and in none it gave up", () => {
    const next = proposal({ view: 5, height: 10 }, { view: 5, height: 9 });
    expect(mayVote(member({ lastVoted: { view: 5, height: 10 } }), next)).to.equal(false);
    expect(mayVote(member({ view: 6 }), next)).to.equal(false);
    expect(mayVote(member({ lastTimeoutView: 5 }), first)).to.equal(false);
    expect(mayVote(member({ unknownUntil: 0 }), first)).to.equal(false);
  });
});
