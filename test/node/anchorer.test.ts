import { expect } from "chai";
import { Anchorer } from "../../coordinator/node/anchorer.ts";
import type { Sent } from "../../coordinator/ports/chain.ts";
import type { AnchorHead, CheckpointChain } from "../../coordinator/ports/checkpoints.ts";
import { type Hex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { type Committee, committeeOf, configHash } from "../../coordinator/protocol/praft/config.ts";
import type { Checkpoint } from "../../coordinator/protocol/praft/messages.ts";
import type { Anchor } from "../../coordinator/protocol/praft/types.ts";
import { committeeWith, GROUP, hashOf } from "../protocol/praft/fixtures.ts";
import { silentLogger } from "./parts.ts";

const SENT = { hash: hashOf("sent"), gasUsed: 50_000n, block: 1 } as unknown as Sent;
const founders = committeeWith([1, 1, 1, 1]);
const next = committeeOf({ ...founders, epoch: 1 });

function checkpoint(committee: Committee, height: number, nextConfigHash = ZERO_HASH): Checkpoint {
  const roots = { blockHash: hashOf(`b${height}`), stateRoot: hashOf("s"), decisionsRoot: hashOf("d") };
  const { epoch } = committee;
  return {
    kind: "checkpoint",
    epoch,
    height,
    ...roots,
    nextConfigHash,
    signer: 0,
    signature: new Uint8Array(),
  };
}

/** A registry in memory that refuses what the contract refuses. */
class FakeChain implements CheckpointChain {
  state: AnchorHead = {
    count: 0,
    epoch: 0,
    height: 0,
    configHash: configHash(founders, ZERO_HASH),
    newest: undefined,
  };
  readonly heights: number[] = [];
  readonly accusations: string[] = [];
  down = false;
  /** Why it takes no proof, if it does not. */
  refusal: string | undefined;

  groupId = async (): Promise<Hex> => GROUP;
  found = async (): Promise<Sent> => SENT;
  accuse = async (_: unknown, first: Checkpoint): Promise<Sent> => {
    this.accusations.push(`${first.signer}@${first.height}`);
    if (this.refusal) throw new QuorateError(this.refusal, "not now");
    return SENT;
  };
  head = async (): Promise<AnchorHead> => {
    if (this.down) throw new QuorateError("RPC_UNREACHABLE", "nobody answers");
    return this.state;
  };
  anchor = async (_: unknown, [first]: readonly Checkpoint[]): Promise<Sent> => {
    const { kind: __, signer: ___, signature: ____, ...content } = first!;
    if (content.epoch !== this.state.epoch) throw new QuorateError("WRONG_EPOCH", "another epoch");
    if (content.height <= this.state.height) throw new QuorateError("HEIGHT_NOT_RISING", "not above");
    const { configHash: signedBy, count, epoch } = this.state;
    const closes = content.nextConfigHash !== ZERO_HASH;
    this.heights.push(content.height);
    this.state = {
      count: count + 1,
      epoch: closes ? epoch + 1 : epoch,
      height: content.height,
      configHash: closes ? content.nextConfigHash : signedBy,
      newest: { content, configHash: signedBy },
    };
    return SENT;
  };
}

function start(chain: FakeChain, member: number) {
  const clock = {
    time: 0,
    now: () => clock.time,
    sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  const anchors: Anchor[] = [];
  const anchorer = new Anchorer({
    chain,
    config: founders,
    id: `m${member}`,
    clock: clock as never,
    logger: silentLogger,
    everyHeights: 100,
    everyMilliseconds: 10_000,
    lookEvery: 1,
    patience: 1_000,
    onAnchored: (anchor) => void anchors.push(anchor),
  });
  return { anchorer, clock, anchors };
}

describe("anchorer", () => {
  it("anchors after enough heights at once, and what is less after enough time", async () => {
    const chain = new FakeChain();
    const { anchorer, clock } = start(chain, 0);
    anchorer.certified(founders, [checkpoint(founders, 64)]);
    await anchorer.look();
    expect(chain.heights).to.deep.equal([]);
    anchorer.certified(founders, [checkpoint(founders, 128)]);
    await anchorer.look();
    expect(chain.heights).to.deep.equal([128]);
    anchorer.certified(founders, [checkpoint(founders, 192)]);
    for (clock.time = 0; clock.time <= 14_000; clock.time += 1_000) await anchorer.look();
    expect(chain.heights).to.deep.equal([128, 192]);
  });

  it("leaves it to the member whose turn it is, and steps in when that one stays silent", async () => {
    const chain = new FakeChain();
    const { anchorer, clock } = start(chain, 2);
    anchorer.certified(founders, [checkpoint(founders, 128)]);
    for (clock.time = 0; clock.time < 2_000; clock.time += 500) await anchorer.look();
    expect(chain.heights).to.deep.equal([]);
    clock.time = 2_000;
    await anchorer.look();
    expect(chain.heights).to.deep.equal([128]);
    // The third anchor is member 2's own turn.
    chain.state = { ...chain.state, count: 2 };
    anchorer.certified(founders, [checkpoint(founders, 256)]);
    await anchorer.look();
    expect(chain.heights).to.deep.equal([128, 256]);
  });

  it("brings the end of an epoch first, and nothing of a later epoch before", async () => {
    const chain = new FakeChain();
    const { anchorer, clock } = start(chain, 0);
    anchorer.certified(founders, [checkpoint(founders, 70, next.hash)]);
    anchorer.certified(next, [checkpoint(next, 500)]);
    await anchorer.look();
    expect(chain.heights).to.deep.equal([70]);
    for (; clock.time <= 4_000; clock.time += 1_000) await anchorer.look();
    expect(chain.heights).to.deep.equal([70, 500]);
  });

  it("tells the engine what is anchored, the founders by the engine's own hash", async () => {
    const chain = new FakeChain();
    const { anchorer, anchors } = start(chain, 0);
    anchorer.certified(founders, [checkpoint(founders, 128)]);
    await anchorer.look();
    await anchorer.look();
    expect(anchors.map(({ content, configHash: hash }) => [content.height, hash])).to.deep.equal([
      [128, founders.hash],
    ]);
    expect((await anchorer.newestAnchor())?.configHash).to.equal(founders.hash);
  });

  it("outlives a chain that is down, and being overtaken", async () => {
    const chain = new FakeChain();
    const { anchorer } = start(chain, 0);
    const overtaken = start(chain, 0);
    for (const each of [anchorer, overtaken.anchorer]) each.certified(founders, [checkpoint(founders, 128)]);
    chain.down = true;
    const stop = new AbortController();
    const running = anchorer.run(stop.signal);
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await running;
    chain.down = false;
    await anchorer.look();
    const behind = { ...chain.state, height: 0 };
    chain.head = async () => behind;
    await overtaken.anchorer.look();
    expect(chain.heights).to.deep.equal([128]);
  });

  describe("accuses of two checkpoints of one height", () => {
    const two = (height: number) =>
      [
        checkpoint(founders, height),
        { ...checkpoint(founders, height), stateRoot: hashOf("other") },
      ] as const;

    it("once", async () => {
      const chain = new FakeChain();
      const { anchorer, clock } = start(chain, 0);
      for (; clock.time <= 30_000; clock.time += 10_000) {
        anchorer.accuse(founders, ...two(9));
        await anchorer.look();
      }
      expect(chain.accusations).to.deep.equal(["0@9"]);
    });

    it("later, if the chain takes no proof or does not answer meanwhile, and anchors all the same", async () => {
      const chain = new FakeChain();
      const { anchorer, clock } = start(chain, 0);
      anchorer.certified(founders, [checkpoint(founders, 128)]);
      anchorer.accuse(founders, ...two(9));
      anchorer.accuse(founders, ...two(10));
      for (const refusal of ["PAUSED", "RPC_UNREACHABLE", "UNKNOWN_EPOCH", undefined]) {
        chain.refusal = refusal;
        clock.time += 10_000;
        await anchorer.look();
        await anchorer.look();
      }
      clock.time += 10_000;
      await anchorer.look();
      expect(chain.accusations).to.deep.equal(Array.from({ length: 4 }, () => ["0@9", "0@10"]).flat());
      expect(chain.heights).to.deep.equal([128]);
    });

    it("in vain once, if no later try can change that", async () => {
      for (const code of ["ALREADY_PUNISHED", "NOT_A_MINER", "SIGNER_UNRECOVERABLE"]) {
        const chain = new FakeChain();
        const { anchorer, clock } = start(chain, 0);
        chain.refusal = code;
        anchorer.accuse(founders, ...two(9));
        for (; clock.time <= 30_000; clock.time += 10_000) await anchorer.look();
        expect(chain.accusations, code).to.deep.equal(["0@9"]);
      }
    });
  });

  it("refuses a group the registry does not anchor", async () => {
    const chain = new FakeChain();
    const { anchorer } = start(chain, 0);
    chain.groupId = async () => hashOf("another group");
    const error = await anchorer.newestAnchor().catch((thrown) => thrown);
    expect(error.code).to.equal("ANCHOR_OTHER_GROUP");
  });
});
