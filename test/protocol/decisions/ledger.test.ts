import { expect } from "chai";
import fc from "fast-check";
import { type Hex, ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { type Decision, decodeDecision, leafOf } from "../../../coordinator/protocol/decisions/decision.ts";
import { readPairs } from "../../../coordinator/protocol/decisions/kind.ts";
import { createLedger, MAX_HEIGHTS } from "../../../coordinator/protocol/decisions/ledger.ts";
import {
  type Ballot,
  ballotDigest,
  decodeOperation,
  encodeBallot,
  encodeOpen,
  taskId,
} from "../../../coordinator/protocol/decisions/operations.ts";
import { encodeChoices } from "../../../coordinator/protocol/decisions/select.ts";
import { append, climb, emptyTree, pathOf, rootOf } from "../../../coordinator/protocol/decisions/tree.ts";
import type { Block, Bundle } from "../../../coordinator/protocol/praft/types.ts";
import { expectCode } from "../expect-code.ts";
import { committeeWith, hashOf, keyOf, testScheme } from "../praft/fixtures.ts";
import { ballot, subjects } from "./fixtures.ts";

const committee = committeeWith([1, 1, 1, 1]);
const application = createLedger(testScheme);
const [one, two] = subjects(2) as [Hex, Hex];
const STRANGER = keyOf(50);

const openOf = (closeHeight: number, salt = hashOf("salt")) => {
  return { kind: "select", closeHeight, salt, parameters: encodeChoices([one, two]) };
};

/** A ballot of member `i`, signed. */
function signed(i: number, task: Hex, subject = one, score = 8_000): Uint8Array {
  const unsigned: Ballot = { ...ballot(i, subject, score), task };
  return encodeBallot({
    ...unsigned,
    signature: testScheme.sign(keyOf(i), ballotDigest(committee, unsigned)),
  });
}

/** A replica's deciding layer that is fed block by block. */
class Log {
  ledger = application.create();
  height = 0;
  root: Hex = ZERO_HASH;
  readonly decisions: Decision[] = [];

  block(operations: readonly Uint8Array[], options: { client?: Uint8Array; ends?: boolean } = {}): this {
    const { client = STRANGER, ends = false } = options;
    const bundle: Bundle = { clientKey: client, sequence: 1, operations, signature: new Uint8Array() };
    const block = { height: ++this.height, nextConfigHash: ends ? one : ZERO_HASH } as Block;
    this.ledger = application.apply(this.ledger, block, [bundle], committee);
    this.decisions.push(...application.decided(this.ledger).map(decodeDecision));
    this.root = application.decisionsRoot(this.ledger);
    return this;
  }

  outcome(position = 0): [Hex, number][] | undefined {
    const { outcome } = this.decisions[position]!;
    return outcome && readPairs(outcome);
  }
}

describe("the decisions' ledger", () => {
  const open = openOf(3);
  const task = taskId(committee, open);
  const votes = [0, 1, 2].map((i) => signed(i, task));

  it("opens a task, counts members' ballots up to its height, and decides in that block", () => {
    const log = new Log().block([encodeOpen(open)]).block(votes.slice(0, 2));
    expect(log.decisions).to.deep.equal([]);
    log.block([votes[2]!]);
    const { outcome, ...decision } = log.decisions[0]!;
    expect(decision).to.deep.equal({ position: 0, epoch: 0, height: 3, task, kind: "select" });
    expect(readPairs(outcome!)).to.deep.equal([[one, 8_000]]);
    expect(log.root).to.equal(leafOf(log.decisions[0]!));
  });

  it("is undecided below a quorum, and a ballot after the height changes nothing", () => {
    const log = new Log()
      .block([encodeOpen(open), ...votes.slice(0, 2)])
      .block([])
      .block([])
      .block([votes[2]!]);
    expect(log.decisions.length).to.equal(1);
    expect(log.outcome()).to.equal(undefined);
  });

  it("counts one ballot of a member on a subject: the first in the log", () => {
    const [low, first, high, again] = [
      signed(1, task, one, 2_000),
      signed(0, task, one, 6_000),
      votes[2]!,
      signed(0, task, one, 1),
    ];
    const log = new Log()
      .block([encodeOpen(open), low, first, high, again])
      .block([])
      .block([]);
    expect(log.outcome()).to.deep.equal([[one, 6_000]]);
    const other = new Log()
      .block([encodeOpen(open), low, again, high, first])
      .block([])
      .block([]);
    expect(other.outcome()).to.deep.equal([[one, 2_000]]);
  });

  it("passes over ballots of strangers, forged, unsigned, out of range, and on no task", () => {
    const unsigned: Ballot = { ...ballot(2, one, 8_000), task };
    const forged = { ...unsigned, signature: testScheme.sign(keyOf(3), ballotDigest(committee, unsigned)) };
    const sure = { ...unsigned, confidence: 10_001 };
    const loud = { ...sure, signature: testScheme.sign(keyOf(2), ballotDigest(committee, sure)) };
    const bad = [
      encodeBallot(forged),
      encodeBallot(unsigned),
      encodeBallot(loud),
      encodeBallot({ ...unsigned, signer: 9 }),
      signed(2, hashOf("no task")),
      signed(2, task, hashOf("no subject")),
      votes[2]!.subarray(0, 40),
    ];
    const log = new Log()
      .block([encodeOpen(open), ...votes.slice(0, 2), ...bad])
      .block([])
      .block([]);
    expect(log.outcome()).to.equal(undefined);
    expectCode("PRAFT_TRUNCATED", () => decodeOperation(bad.at(-1)!));
    expectCode("DECISION_OPERATION", () => decodeOperation(Uint8Array.of(0x51, 0x44, 1, 7)));
    expect(decodeOperation(Uint8Array.of(1, 2, 3))).to.equal(undefined);
  });

  it("takes a ballot without a signature from a bundle that its member's key signed, and from no other", () => {
    const bare = (i: number) => encodeBallot({ ...ballot(i, one, 8_000), task });
    const log = new Log().block([encodeOpen(open), ...votes.slice(0, 2)]);
    expect(
      log
        .block([bare(2)], { client: keyOf(2) })
        .block([])
        .outcome(),
    ).to.deep.equal([[one, 8_000]]);
    const other = new Log()
      .block([encodeOpen(open), ...votes.slice(0, 2)])
      .block([bare(2)], { client: keyOf(1) });
    expect(other.block([]).outcome()).to.equal(undefined);
  });

  it("decides a task once: opened twice it is the same, and after its height it cannot be opened", () => {
    const log = new Log()
      .block([encodeOpen(open), ...votes])
      .block([encodeOpen(open)])
      .block([]);
    log
      .block([encodeOpen(open)])
      .block([encodeOpen(openOf(MAX_HEIGHTS + 6))])
      .block([]);
    expect(log.decisions.length).to.equal(1);
    expect(log.ledger.tasks.size).to.equal(0);
  });

  it("refuses kinds and parameters it does not know, and more tasks than a client may have open", () => {
    const many = Array.from({ length: 1_100 }, (_, i) => encodeOpen(openOf(50, hashOf(`${i}`))));
    const log = new Log().block([encodeOpen({ ...open, kind: "elect" })]);
    log.block([encodeOpen({ ...open, parameters: new Uint8Array(4) })]);
    expect(log.ledger.tasks.size).to.equal(0);
    expect(log.block(many).ledger.tasks.size).to.equal(1_024);
    expect(log.block([encodeOpen(openOf(50))], { client: keyOf(60) }).ledger.tasks.size).to.equal(1_025);
  });

  it("ends every task with its epoch", () => {
    const log = new Log().block([encodeOpen(openOf(90)), encodeOpen(openOf(80))]).block([], { ends: true });
    expect(log.decisions.map(({ height, outcome }) => [height, outcome])).to.deep.equal([
      [2, undefined],
      [2, undefined],
    ]);
    expect([log.ledger.due.size, log.ledger.openBy.size]).to.deep.equal([0, 0]);
  });

  it("goes on from what it saved exactly as it would have", () => {
    const log = new Log().block([
      encodeOpen(openOf(9, hashOf("other"))),
      encodeOpen(open),
      ...votes.slice(0, 2),
    ]);
    const copy = new Log().block([]);
    copy.ledger = application.decode(application.encode(log.ledger));
    for (const each of [log, copy]) each.block([votes[2]!]).block([]).block([]);
    expect(copy.decisions).to.deep.equal(log.decisions);
    expect(copy.root).to.equal(log.root);
    expect(application.encode(copy.ledger)).to.deep.equal(application.encode(log.ledger));
    expectCode("LEDGER_VERSION", () => application.decode(Uint8Array.of(9)));
    expectCode("PRAFT_TRAILING", () =>
      application.decode(Uint8Array.of(...application.encode(log.ledger), 0)),
    );
  });
});

describe("the tree of decisions", () => {
  it("proves each leaf under the root that grew with it, and no other leaf", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 70 }), (count) => {
        const leaves = Array.from({ length: count }, (_, i) => hashOf(`leaf ${i}`));
        const tree = emptyTree();
        for (const leaf of leaves) append(tree, leaf);
        for (const [i, leaf] of leaves.entries())
          expect(climb(leaf, pathOf(leaves, i))).to.equal(rootOf(tree));
        expect(climb(hashOf("other"), pathOf(leaves, count - 1))).to.not.equal(rootOf(tree));
      }),
      { numRuns: 20 },
    );
    expect(rootOf(emptyTree())).to.equal(ZERO_HASH);
  });
});
