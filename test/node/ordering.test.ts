import { expect } from "chai";
import { createSecp256k1Scheme } from "../../coordinator/adapters/signatures/secp256k1.ts";
import { ReplicaOrdering } from "../../coordinator/node/ordering.ts";
import type { Replica } from "../../coordinator/node/replica.ts";
import { clientOf } from "../../coordinator/protocol/praft/bundles.ts";
import type { Bundle } from "../../coordinator/protocol/praft/types.ts";
import { committeeWith } from "../protocol/praft/fixtures.ts";

const ROUND = "1:0x01";
const op = (text: string): Uint8Array => new TextEncoder().encode(text);
const textsOf = ({ operations }: Bundle): string[] =>
  operations.map((bytes) => new TextDecoder().decode(bytes));

/** Stands for the replica of the process: takes bundles, and executes what the test says. */
class FakeReplica {
  readonly committee = committeeWith([1, 1, 1, 1]);
  height = 7;
  executed = 0;
  readonly submitted: Bundle[] = [];
  executedOf = (): number => this.executed;
  submit = (bundle: Bundle): void => void this.submitted.push(bundle);

  /** Alive until the signal is aborted, from the moment the log is read. */
  run(signal: AbortSignal, started?: () => void): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
      setImmediate(() => started?.());
    });
  }
}

function open() {
  const clock = { time: 0, now: () => clock.time, sleep: () => Promise.reject(new Error("not used")) };
  const scheme = createSecp256k1Scheme();
  const secretKey = new Uint8Array(32).fill(1);
  const bundleKey = new Uint8Array(32).fill(2);
  const ordering = new ReplicaOrdering({ scheme, secretKey, bundleKey, clock });
  const replica = new FakeReplica();
  const stop = new AbortController();
  const running = ordering.run(replica as unknown as Replica, stop.signal);
  const { committee } = replica;
  /** A block executes a bundle of this miner's. */
  const execute = (bundle: Bundle): void => {
    replica.executed = bundle.sequence;
    replica.height++;
    ordering.ordered({ committee, height: replica.height, bundles: [bundle], decisions: [] });
  };
  return { ordering, replica, clock, execute, running, stop };
}

async function opened() {
  const parts = open();
  await new Promise((resolve) => setImmediate(resolve));
  expect(parts.ordering.alive).to.equal(true);
  return parts;
}

describe("ordering through the replica of the same process", () => {
  it("sends one bundle at a time, each under the sequence after what is executed", async () => {
    const { ordering, replica, execute } = await opened();
    replica.executed = 4;
    ordering.order(ROUND, [op("a")]);
    ordering.order(ROUND, [op("b")]);
    ordering.order(ROUND, [op("c")]);
    expect(replica.submitted.map(({ sequence }) => sequence)).to.deep.equal([5]);
    execute(replica.submitted[0]!);
    expect(replica.submitted.map(textsOf)).to.deep.equal([["a"], ["b", "c"]]);
    expect(replica.submitted[1]!.sequence).to.equal(6);
    expect(clientOf(replica.submitted[1]!)).to.equal(clientOf(ordering));
  });

  it("sends again what is not executed, the same bundle", async () => {
    const { ordering, replica, clock } = await opened();
    ordering.order(ROUND, [op("a")]);
    ordering.look();
    clock.time = 499;
    ordering.look();
    expect(replica.submitted).to.have.length(1);
    for (clock.time = 500; clock.time <= 1_000; clock.time += 500) ordering.look();
    const [first, ...more] = replica.submitted;
    expect(more).to.deep.equal([first, first]);
  });

  it("sends under the next sequence what a bundle from before a restart kept from its own", async () => {
    const { ordering, replica, execute } = await opened();
    ordering.order(ROUND, [op("a"), op("b")]);
    ordering.order(ROUND, [op("c")]);
    const [own] = replica.submitted;
    execute({ ...own!, operations: [op("old")], signature: new Uint8Array(64) });
    expect(replica.submitted.map(textsOf)).to.deep.equal([
      ["a", "b"],
      ["a", "b", "c"],
    ]);
    expect(replica.submitted[1]!.sequence).to.equal(2);
  });

  it("goes on after a snapshot that skipped the block with its bundle", async () => {
    const { ordering, replica, clock } = await opened();
    ordering.order(ROUND, [op("a")]);
    ordering.order(ROUND, [op("b")]);
    replica.executed = 1;
    clock.time = 500;
    ordering.look();
    // Whether "a" was in it nobody knows here; a second time does nothing.
    expect(replica.submitted.map(textsOf)).to.deep.equal([["a"], ["a", "b"]]);
    expect(replica.submitted[1]!.sequence).to.equal(2);
  });

  it("keeps once what is asked for again", async () => {
    const { ordering, replica, execute } = await opened();
    ordering.order(ROUND, [op("a")]);
    for (let i = 0; i < 3; i++) ordering.order(ROUND, [op("a"), op("b")]);
    execute(replica.submitted[0]!);
    expect(replica.submitted.map(textsOf)).to.deep.equal([["a"], ["b"]]);
  });

  it("gives up what waits for another round", async () => {
    const { ordering, replica, execute } = await opened();
    ordering.order(ROUND, [op("a")]);
    ordering.order(ROUND, [op("b")]);
    ordering.order("2:0x02", [op("c")]);
    execute(replica.submitted[0]!);
    expect(replica.submitted.map(textsOf)).to.deep.equal([["a"], ["c"]]);
    execute({ ...replica.submitted[1]!, signature: new Uint8Array(64) });
    ordering.order("3:0x03", [op("d")]);
    execute({ ...replica.submitted[2]!, signature: new Uint8Array(64) });
    expect(replica.submitted.slice(2).map(textsOf)).to.deep.equal([["c"], ["d"]]);
  });

  it("orders nothing before the log is read nor after the replica stopped, and then what waits", async () => {
    const { ordering, replica, running, stop } = open();
    ordering.order(ROUND, [op("a")]);
    ordering.look();
    expect(replica.submitted).to.deep.equal([]);
    await new Promise((resolve) => setImmediate(resolve));
    ordering.look();
    expect(replica.submitted.map(textsOf)).to.deep.equal([["a"]]);
    stop.abort();
    await running;
    const after = replica.submitted.length;
    ordering.order(ROUND, [op("b")]);
    expect(ordering.alive).to.equal(false);
    expect(replica.submitted).to.have.length(after);
  });

  it("casts no ballot for who is no member", async () => {
    const { ordering } = await opened();
    const score = { score: 1, confidence: 1 };
    const zero = `0x${"00".repeat(32)}` as const;
    expect(ordering.ballot({ task: zero, subject: zero, evidence: zero, ...score })).to.equal(undefined);
  });
});
